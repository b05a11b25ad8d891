import { OdoError } from '../errors/odo-error.ts';
import type { JournalDatabase } from './open.ts';
import { storedJson } from './stored-json.ts';

export interface StepRecord {
  readonly name: string;
  readonly instance: string;
  readonly version: number;
  readonly state: 'intended' | 'completed';
  readonly input: unknown;
  readonly inputHash: string;
  readonly output: unknown;
  readonly intendedAtMs: number;
  readonly completedAtMs: number | null;
}

export interface AttemptRecord {
  readonly name: string;
  readonly instance: string;
  readonly number: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly outcome: 'completed' | 'failed' | 'interrupted' | null;
}

interface StepRow {
  name: string;
  instance: string;
  version: number;
  state: 'intended' | 'completed';
  input: string;
  input_hash: string;
  output: string | null;
  intended_at_ms: number;
  completed_at_ms: number | null;
}

const toStep = (row: StepRow): StepRecord => ({
  name: row.name,
  instance: row.instance,
  version: row.version,
  state: row.state,
  input: storedJson(row.input, 'input of a step'),
  inputHash: row.input_hash,
  output: row.output === null ? null : storedJson(row.output, 'output of a step'),
  intendedAtMs: row.intended_at_ms,
  completedAtMs: row.completed_at_ms,
});

export function findStep(
  database: JournalDatabase,
  runId: string,
  name: string,
  instance: string,
): StepRecord | null {
  const row = database
    .prepare<[string, string, string], StepRow>(
      'SELECT * FROM step WHERE run_id = ? AND name = ? AND instance = ?',
    )
    .get(runId, name, instance);
  return row === undefined ? null : toStep(row);
}

/** What a completed step, or a part of one, gave; null when it is not completed. */
export function completedOutput(
  database: JournalDatabase,
  runId: string,
  name: string,
  instance: string,
): unknown {
  const record = findStep(database, runId, name, instance);
  return record?.state === 'completed' ? record.output : null;
}

/** Which steps and parts there are and how far, without their (long) inputs and outputs. */
export function listStepStates(
  database: JournalDatabase,
  runId: string,
): Pick<StepRecord, 'name' | 'instance' | 'state'>[] {
  return database
    .prepare<[string], Pick<StepRecord, 'name' | 'instance' | 'state'>>(
      'SELECT name, instance, state FROM step WHERE run_id = ?',
    )
    .all(runId);
}

export function listAttempts(database: JournalDatabase, runId: string): AttemptRecord[] {
  return database
    .prepare<[string], AttemptRecord>(
      `SELECT name, instance, number, started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs, outcome
       FROM step_attempt WHERE run_id = ? ORDER BY started_at_ms, number`,
    )
    .all(runId);
}

export function countAttempts(
  database: JournalDatabase,
  runId: string,
  name: string,
  instance: string,
): number {
  const row = database
    .prepare<[string, string, string], { n: number }>(
      'SELECT count(*) AS n FROM step_attempt WHERE run_id = ? AND name = ? AND instance = ?',
    )
    .get(runId, name, instance);
  return row?.n ?? 0;
}

export function intendStep(
  database: JournalDatabase,
  step: {
    runId: string;
    name: string;
    instance: string;
    version: number;
    input: string;
    inputHash: string;
    executor: string;
    epoch: number;
    nowMs: number;
  },
): number {
  database
    .prepare(
      `INSERT INTO step (run_id, name, instance, version, state, input, input_hash, intended_at_ms)
       VALUES (@runId, @name, @instance, @version, 'intended', @input, @inputHash, @nowMs)
       ON CONFLICT (run_id, name, instance) DO UPDATE SET version = excluded.version, state = 'intended',
         input = excluded.input, input_hash = excluded.input_hash, output = NULL, completed_at_ms = NULL`,
    )
    .run(step);
  const number = countAttempts(database, step.runId, step.name, step.instance) + 1;
  database
    .prepare(
      `INSERT INTO step_attempt (run_id, name, instance, number, executor, epoch, started_at_ms)
       VALUES (@runId, @name, @instance, @number, @executor, @epoch, @nowMs)`,
    )
    .run({ ...step, number });
  return number;
}

export function completeStep(
  database: JournalDatabase,
  step: { runId: string; name: string; instance: string; attempt: number; output: string; nowMs: number },
): void {
  const changes = database
    .prepare(
      `UPDATE step SET state = 'completed', output = @output, completed_at_ms = @nowMs
       WHERE run_id = @runId AND name = @name AND instance = @instance AND state = 'intended'`,
    )
    .run(step).changes;
  if (changes !== 1)
    throw new OdoError('BUG', `Step ${step.name} ${step.instance} was completed without an intent.`);
  database
    .prepare(
      `UPDATE step_attempt SET ended_at_ms = @nowMs, outcome = 'completed'
       WHERE run_id = @runId AND name = @name AND instance = @instance AND number = @attempt`,
    )
    .run(step);
}

export function endAttempt(
  database: JournalDatabase,
  attempt: {
    runId: string;
    name: string;
    instance: string;
    attempt: number;
    outcome: 'failed' | 'interrupted';
    error: string | null;
    nowMs: number;
  },
): void {
  database
    .prepare(
      `UPDATE step_attempt SET ended_at_ms = @nowMs, outcome = @outcome, error = @error
       WHERE run_id = @runId AND name = @name AND instance = @instance AND number = @attempt`,
    )
    .run(attempt);
}

export function forgetStep(database: JournalDatabase, runId: string, name: string): void {
  database.prepare('DELETE FROM step WHERE run_id = ? AND name = ?').run(runId, name);
}

/** Only the step itself: what its parts completed stays. */
export function forgetStepWithoutParts(database: JournalDatabase, runId: string, name: string): void {
  database.prepare("DELETE FROM step WHERE run_id = ? AND name = ? AND instance = ''").run(runId, name);
}

/** Keeps a completed step's record as `version N` of it, and gives the step another output. */
export function replaceOutput(
  database: JournalDatabase,
  step: { runId: string; name: string; output: string; nowMs: number },
): void {
  database
    .prepare(
      `INSERT INTO step (run_id, name, instance, version, state, input, input_hash, output, intended_at_ms, completed_at_ms)
       SELECT run_id, name,
         'version ' || (SELECT count(*) FROM step WHERE run_id = @runId AND name = @name),
         version, state, input, input_hash, output, intended_at_ms, completed_at_ms
       FROM step WHERE run_id = @runId AND name = @name AND instance = '' AND state = 'completed'`,
    )
    .run(step);
  const { changes } = database
    .prepare(
      `UPDATE step SET output = @output, completed_at_ms = @nowMs
       WHERE run_id = @runId AND name = @name AND instance = '' AND state = 'completed'`,
    )
    .run(step);
  if (changes !== 1) throw new OdoError('BUG', `Step ${step.name} has no output that could be replaced.`);
}

export function saveCheckpoint(
  database: JournalDatabase,
  checkpoint: {
    runId: string;
    name: string;
    instance: string;
    progress: number;
    data: string;
    nowMs: number;
  },
): void {
  database
    .prepare(
      `INSERT INTO checkpoint (run_id, name, instance, sequence, saved_at_ms, progress, data)
       VALUES (@runId, @name, @instance, 1, @nowMs, @progress, @data)
       ON CONFLICT (run_id, name, instance) DO UPDATE SET sequence = sequence + 1,
         saved_at_ms = excluded.saved_at_ms, progress = excluded.progress, data = excluded.data`,
    )
    .run(checkpoint);
}

export function lastCheckpoint(
  database: JournalDatabase,
  runId: string,
  name: string,
  instance: string,
): unknown {
  const row = database
    .prepare<[string, string, string], { data: string }>(
      'SELECT data FROM checkpoint WHERE run_id = ? AND name = ? AND instance = ?',
    )
    .get(runId, name, instance);
  return row === undefined ? null : storedJson(row.data, 'checkpoint of a step');
}
