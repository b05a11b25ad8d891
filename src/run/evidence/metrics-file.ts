import { listMeteredRuns, type MeteredRunRecord } from '../../journal/metered-runs.ts';
import { openJournalForReading } from '../../journal/open.ts';
import { reportMetrics } from '../../report/metrics.ts';
import { makeReport } from '../make-report.ts';
import { writeEvidenceFile } from './evidence-file.ts';

/** A database that nobody drills any more leaves the file after so long. */
const shownForMs = 90 * 86_400_000;

/** Anybody on the host may read it: the node exporter runs as a user of its own. */
const mode = 0o644;

const mostRewrites = 5;

/**
 * Writes the latest run of every source that is to be measured into this file, as the journal knows them, so that several
 * databases share it. When another run has ended meanwhile it is written again: whoever comes last has all of them.
 */
export async function writeMetricsFile(journalFile: string, file: string): Promise<void> {
  let runs = listRuns(journalFile, file);
  for (let rewrite = 0; rewrite <= mostRewrites; rewrite += 1) {
    const metered = runs.map(({ runId, lastSuccessAtMs }) => ({
      report: makeReport(journalFile, runId),
      lastSuccessAt: lastSuccessAtMs === null ? null : new Date(lastSuccessAtMs).toISOString(),
    }));
    await writeEvidenceFile(file, reportMetrics(metered), mode);
    const now = listRuns(journalFile, file);
    if (JSON.stringify(now) === JSON.stringify(runs)) return;
    runs = now;
  }
}

function listRuns(journalFile: string, file: string): MeteredRunRecord[] {
  const database = openJournalForReading(journalFile);
  if (database === null) return [];
  try {
    return listMeteredRuns(database, file, Date.now() - shownForMs);
  } finally {
    database.close();
  }
}
