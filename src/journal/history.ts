import type { JournalDatabase } from './open.ts';
import { storedJson } from './stored-json.ts';

/** What a run leaves for `odo status`, resume and reports: snapshot, checkpoints in short, resources, events. */

export function findSnapshot(
  database: JournalDatabase,
  runId: string,
): { machineVersion: number; data: unknown } | null {
  const row = database
    .prepare<[string], { machine_version: number; data: string }>(
      'SELECT machine_version, data FROM snapshot WHERE run_id = ?',
    )
    .get(runId);
  return row === undefined
    ? null
    : { machineVersion: row.machine_version, data: storedJson(row.data, 'snapshot of a run') };
}

export interface CheckpointSummary {
  readonly name: string;
  readonly instance: string;
  readonly savedAtMs: number;
  /** Bytes of the stored object, or segments, read so far. */
  readonly progress: number;
  readonly sequence: number;
}

export function listCheckpoints(database: JournalDatabase, runId: string): CheckpointSummary[] {
  return database
    .prepare<[string], CheckpointSummary>(
      `SELECT name, instance, saved_at_ms AS savedAtMs, progress, sequence FROM checkpoint WHERE run_id = ?`,
    )
    .all(runId);
}

export interface ResourceRecord {
  readonly kind: string;
  readonly name: string;
  readonly details: unknown;
  readonly state: 'intended' | 'removed';
}

export function listResources(database: JournalDatabase, runId: string): ResourceRecord[] {
  return database
    .prepare<[string], { kind: string; name: string; details: string; state: 'intended' | 'removed' }>(
      'SELECT kind, name, details, state FROM resource WHERE run_id = ? ORDER BY recorded_at_ms',
    )
    .all(runId)
    .map((row) => ({ ...row, details: storedJson(row.details, 'resource of a run') }));
}

/** JSON the journal does not understand. Whoever works on a run writes it under its lease: RunJournal. */
export function appendEvent(
  database: JournalDatabase,
  { runId, atMs, data }: { runId: string; atMs: number; data: string },
): void {
  database.prepare('INSERT INTO event (run_id, at_ms, data) VALUES (?, ?, ?)').run(runId, atMs, data);
}

/** What was appended to the run's event log after the one with the number `after`, oldest first. */
export function listEventsAfter(
  database: JournalDatabase,
  runId: string,
  after: number,
): { number: number; event: unknown }[] {
  return database
    .prepare<[string, number], { id: number; data: string }>(
      'SELECT id, data FROM event WHERE run_id = ? AND id > ? ORDER BY id',
    )
    .all(runId, after)
    .map(({ id, data }) => ({ number: id, event: storedJson(data, 'event of a run') }));
}

/** The run's own event log, oldest first, as it was appended; of one type, or all. */
export function listEvents(database: JournalDatabase, runId: string, type: string | null = null): unknown[] {
  return database
    .prepare<[string, string | null, string | null], { data: string }>(
      `SELECT data FROM event WHERE run_id = ? AND (? IS NULL OR data ->> '$.type' = ?) ORDER BY id`,
    )
    .all(runId, type, type)
    .map((row) => storedJson(row.data, 'event of a run'));
}
