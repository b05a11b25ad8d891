import { basename, extname } from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import { toErrorData } from '../errors/serialize.ts';
import { summaryHtml } from '../report/html/summary-page.ts';
import { type DrillSummary, type EndedDatabase, summaryJson } from '../report/summary.ts';
import { summaryJunit } from '../report/summary-junit.ts';
import { summaryMarkdown } from '../report/summary-markdown.ts';
import { reportMode, writeEvidenceFile } from '../run/evidence/evidence-file.ts';
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

/** Each file of `--report`. Returns why some could not be written, which changes nothing about how the drills ended. */
export async function writeSummary(
  { settings }: LoadedSettings,
  summary: DrillSummary,
  ended: readonly EndedDatabase[],
): Promise<string[]> {
  const problems: string[] = [];
  for (const file of settings.report ?? []) {
    const form = forms[extname(file).toLowerCase()];
    if (form === undefined) continue;
    await writeEvidenceFile(file, form(summary, ended), reportMode).catch((error: unknown) => {
      problems.push(`${file} was not written: ${toErrorData(error).message}.`);
    });
  }
  return problems;
}
