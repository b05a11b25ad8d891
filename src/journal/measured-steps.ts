import type { JournalDatabase } from './open.ts';
import { storedJson } from './stored-json.ts';

/** A step that was done in one attempt. */
export interface MeasuredStep {
  readonly runId: string;
  readonly name: string;
  readonly durationMs: number;
}

/**
 * Steps of the latest `runs` runs that were completed by their first attempt, newest first. What was killed, failed or
 * done again tells how long an attempt took and not the work; so do all steps of a run whose plan was changed under way.
 */
export function listMeasuredSteps(database: JournalDatabase, runs: number): MeasuredStep[] {
  return database
    .prepare<[number], MeasuredStep>(
      `SELECT attempt.run_id AS runId, attempt.name,
         attempt.ended_at_ms - attempt.started_at_ms AS durationMs
       FROM step_attempt AS attempt
       JOIN step USING (run_id, name, instance)
       WHERE attempt.run_id IN (SELECT id FROM run ORDER BY started_at_ms DESC, id DESC LIMIT ?)
         AND attempt.instance = '' AND attempt.number = 1 AND attempt.outcome = 'completed'
         AND step.state = 'completed'
         AND NOT EXISTS (
           SELECT 1 FROM step AS former
           WHERE former.run_id = attempt.run_id AND former.instance LIKE 'version %'
         )
       ORDER BY attempt.ended_at_ms DESC`,
    )
    .all(runs);
}

/** Members of a completed step's output by their SQLite JSON paths, without reading all of it; null when there is none. */
export function readOutputMembers(
  database: JournalDatabase,
  step: { readonly runId: string; readonly name: string },
  paths: readonly string[],
): unknown[] | null {
  const columns = paths.map((_, index) => `output -> ? AS c${index}`).join(', ');
  const row = database
    .prepare<unknown[], Record<string, string | null>>(
      `SELECT ${columns} FROM step WHERE run_id = ? AND name = ? AND instance = '' AND state = 'completed'`,
    )
    .get(...paths, step.runId, step.name);
  if (row === undefined) return null;
  return paths.map((_, index) => {
    const json = row[`c${index}`];
    return json == null ? null : storedJson(json, 'output of a step');
  });
}
