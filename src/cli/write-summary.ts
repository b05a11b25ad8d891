import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import { summaryHtml } from '../report/html/summary-page.ts';
import { type DrillSummary, type EndedDatabase, summaryJson } from '../report/summary.ts';
import { summaryJunit } from '../report/summary-junit.ts';
import { summaryMarkdown } from '../report/summary-markdown.ts';
import { namedPath } from './named-path.ts';

const forms: Readonly<Record<string, (summary: DrillSummary, ended: readonly EndedDatabase[]) => string>> = {
  '.html': summaryHtml,
  '.md': summaryMarkdown,
  '.json': summaryJson,
  '.xml': ({ startedAt }, ended) => summaryJunit(ended, startedAt),
};

/** The reports of one database, as a reader of the summary beside them finds them. */
export const namedReports = ({ settings }: LoadedSettings, database: string): string[] =>
  (settings.report ?? []).map((file) => basename(namedPath(file, database)));

/** Each file of `--report`, replaced as a whole: a reader never sees half of it. */
export function writeSummary(
  { settings }: LoadedSettings,
  summary: DrillSummary,
  ended: readonly EndedDatabase[],
): void {
  for (const file of settings.report ?? []) {
    const form = forms[extname(file).toLowerCase()];
    if (form === undefined) continue;
    mkdirSync(dirname(file), { recursive: true });
    const fresh = `${file}.${process.pid}.new`;
    writeFileSync(fresh, form(summary, ended));
    renameSync(fresh, file);
  }
}
