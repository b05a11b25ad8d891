import type { ErrorData } from '../errors/serialize.ts';
import type { JournalDatabase } from './open.ts';
import { storedJson } from './stored-json.ts';

/** One attempt of a step or a part of it, with what a report wants to know. */
export interface AttemptHistory {
  readonly name: string;
  readonly instance: string;
  readonly number: number;
  /** Attempts of one process have the same. */
  readonly epoch: number;
  readonly startedAtMs: number;
  /** Null: it goes on, or its process was killed. */
  readonly endedAtMs: number | null;
  readonly outcome: 'completed' | 'failed' | 'interrupted' | null;
  readonly error: ErrorData | null;
}

/** Every attempt of a run, parts included, in the order of their beginnings. */
export function listAttemptHistory(database: JournalDatabase, runId: string): AttemptHistory[] {
  return database
    .prepare<[string], Omit<AttemptHistory, 'error'> & { error: string | null }>(
      `SELECT name, instance, number, epoch, started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs, outcome, error
       FROM step_attempt WHERE run_id = ? ORDER BY started_at_ms, name, instance, number`,
    )
    .all(runId)
    .map((row) => ({
      ...row,
      error: row.error === null ? null : storedJson<ErrorData>(row.error, 'error of an attempt'),
    }));
}
