import { dirname, relative } from 'node:path';
import type { LoadedSettings } from '../config/load.ts';
import { toErrorData } from '../errors/serialize.ts';
import { formOfFile } from '../report/report-form.ts';
import type { DrillSummary, EndedDatabase } from '../report/summary.ts';
import type { DatabaseDrill } from '../run/drill-many.ts';
import { reportMode, writeEvidenceFile } from '../run/evidence/evidence-file.ts';
import type { Host } from './host.ts';

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
  const { drawSummary } = await import('../report/draw-summary.ts');
  for (const file of settings.report ?? []) {
    try {
      await writeEvidenceFile(file, drawSummary(summary, ended, formOfFile(file)), reportMode);
    } catch (error) {
      stderr.write(`warning: ${file} was not written: ${toErrorData(error).message}\n`);
    }
  }
}
