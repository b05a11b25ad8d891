import { dirname, relative } from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import { toErrorData } from '../errors/serialize.ts';
import { formOfFile, type ReportForm } from '../report/draw-report.ts';
import { summaryHtml } from '../report/html/summary-page.ts';
import { type DrillSummary, type EndedDatabase, summaryJson } from '../report/summary.ts';
import { summaryJunit } from '../report/summary-junit.ts';
import { summaryMarkdown } from '../report/summary-markdown.ts';
import type { DatabaseDrill } from '../run/drill-many.ts';
import { reportMode, writeEvidenceFile } from '../run/evidence/evidence-file.ts';
import type { Host } from './host.ts';

const draw: Readonly<Record<ReportForm, (summary: DrillSummary, ended: readonly EndedDatabase[]) => string>> =
  {
    html: summaryHtml,
    markdown: summaryMarkdown,
    json: summaryJson,
    junit: ({ startedAt }, ended) => summaryJunit(ended, startedAt),
  };

/** The reports of one database, as a reader of the summary beside them finds them; without a summary where they lie. */
export function linkedReports({ settings }: LoadedSettings, { request }: DatabaseDrill): string[] {
  const [summary] = settings.report ?? [];
  const reports = request.evidence?.reports ?? [];
  return summary === undefined ? [...reports] : reports.map((file) => relative(dirname(summary), file));
}

/** The files of `--report`; one that cannot be written is told, and changes nothing about how the drills ended. */
export async function writeSummary(
  { settings }: LoadedSettings,
  summary: DrillSummary,
  ended: readonly EndedDatabase[],
  { stderr }: Host,
): Promise<void> {
  for (const file of settings.report ?? []) {
    try {
      await writeEvidenceFile(file, draw[formOfFile(file)](summary, ended), reportMode);
    } catch (error) {
      stderr.write(`warning: ${file} was not written: ${toErrorData(error).message}\n`);
    }
  }
}
