import type { JournalDatabase } from './open.ts';
import { storedJson } from './stored-json.ts';

/** Progress of a phase at one moment; `data` is JSON the journal does not understand. */
interface SampleRecord {
  readonly phase: string;
  readonly atMs: number;
  readonly data: unknown;
}

/** A report is looked at, not computed with: more points than a wide screen has columns say nothing. */
export const mostSamples = 2000;

/**
 * Keeps one more sample of a phase. At `mostSamples` every second one of the phase is dropped, so that a run of days
 * stays bounded and its beginning is still there. True when that happened: the next ones may come half as often.
 */
export function appendSample(
  database: JournalDatabase,
  sample: { runId: string; phase: string; atMs: number; data: string },
): boolean {
  database
    .prepare(
      `INSERT INTO sample (run_id, phase, at_ms, data) VALUES (@runId, @phase, @atMs, @data)
       ON CONFLICT (run_id, phase, at_ms) DO UPDATE SET data = excluded.data`,
    )
    .run(sample);
  const kept = database
    .prepare<[string, string], { n: number }>(
      'SELECT count(*) AS n FROM sample WHERE run_id = ? AND phase = ?',
    )
    .get(sample.runId, sample.phase);
  if (kept === undefined || kept.n < mostSamples) return false;
  database
    .prepare(
      `DELETE FROM sample WHERE run_id = @runId AND phase = @phase AND at_ms IN
         (SELECT at_ms FROM
           (SELECT at_ms, row_number() OVER (ORDER BY at_ms DESC) AS place FROM sample
            WHERE run_id = @runId AND phase = @phase)
          WHERE place % 2 = 0)`,
    )
    .run({ runId: sample.runId, phase: sample.phase });
  return true;
}

/** Of all phases, oldest first; only those after a moment, or all. */
export function listSamples(database: JournalDatabase, runId: string, afterMs = -1): SampleRecord[] {
  return database
    .prepare<[string, number], { phase: string; atMs: number; data: string }>(
      'SELECT phase, at_ms AS atMs, data FROM sample WHERE run_id = ? AND at_ms > ? ORDER BY at_ms, phase',
    )
    .all(runId, afterMs)
    .map((row) => ({ ...row, data: storedJson(row.data, 'progress of a run') }));
}
