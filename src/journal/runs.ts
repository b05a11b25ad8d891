import { OdoError } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import type { ExecutorIdentity } from './executor-identity.ts';
import type { JournalDatabase } from './open.ts';
import { storedJson } from './stored-json.ts';

/** `abandoned`: given up, and what it made is removed. */
export type RunState = 'running' | 'failed' | 'refused' | 'declined' | 'held' | 'completed' | 'abandoned';

export type RunKind = 'restore' | 'drill';

/** What a drill came to. */
export type RunVerdict = 'passed' | 'failed';

export interface RunRecord {
  readonly id: string;
  readonly status: RunState;
  readonly kind: RunKind;
  /** `--run-key`; null when none was given. */
  readonly runKey: string | null;
  /** What a drill came to; null: a restore, or nothing is proved yet. */
  readonly verdict: RunVerdict | null;
  /** When its operator gave it up; from then on it can only be removed. Null: nobody did. */
  readonly abandonedAtMs: number | null;
  /** JSON the journal does not understand: the operator's request, redacted. */
  readonly request: unknown;
  readonly odoVersion: string;
  readonly machineVersion: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly error: ErrorData | null;
  readonly lease: Lease | null;
  /** How often it was worked on: of its last lease, held or not. */
  readonly epoch: number;
}

export interface Lease {
  readonly executor: ExecutorIdentity;
  readonly epoch: number;
  readonly expiresAtMs: number;
}

interface RunRow {
  id: string;
  status: Exclude<RunState, 'abandoned'>;
  kind: RunKind;
  run_key: string | null;
  verdict: RunVerdict | null;
  abandoned_at_ms: number | null;
  request: string;
  odo_version: string;
  machine_version: number;
  started_at_ms: number;
  ended_at_ms: number | null;
  error: string | null;
  lease_executor: string | null;
  lease_epoch: number;
  lease_expires_at_ms: number | null;
}

function toRecord(row: RunRow): RunRecord {
  return {
    id: row.id,
    status: row.status === 'completed' && row.abandoned_at_ms !== null ? 'abandoned' : row.status,
    kind: row.kind,
    runKey: row.run_key,
    verdict: row.verdict,
    abandonedAtMs: row.abandoned_at_ms,
    request: storedJson(row.request, 'request of a run'),
    odoVersion: row.odo_version,
    machineVersion: row.machine_version,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    error: row.error === null ? null : storedJson<ErrorData>(row.error, 'error of a run'),
    lease:
      row.lease_executor === null || row.lease_expires_at_ms === null
        ? null
        : {
            executor: storedJson<ExecutorIdentity>(row.lease_executor, 'holder of a run'),
            epoch: row.lease_epoch,
            expiresAtMs: row.lease_expires_at_ms,
          },
    epoch: row.lease_epoch,
  };
}

export function createRun(
  database: JournalDatabase,
  run: {
    id: string;
    kind?: RunKind;
    runKey?: string | null;
    request: unknown;
    odoVersion: string;
    machineVersion: number;
    startedAtMs: number;
  },
): void {
  database
    .prepare(
      `INSERT INTO run (id, status, kind, run_key, request, odo_version, machine_version, started_at_ms)
       VALUES (@id, 'running', @kind, @runKey, @request, @odoVersion, @machineVersion, @startedAtMs)`,
    )
    .run({ kind: 'restore', runKey: null, ...run, request: JSON.stringify(run.request) });
}

export function findRun(database: JournalDatabase, id: string): RunRecord | null {
  const row = database.prepare<[string], RunRow>('SELECT * FROM run WHERE id = ?').get(id);
  return row === undefined ? null : toRecord(row);
}

/** The newest run with this key; null when there is none. */
export function findRunByKey(database: JournalDatabase, key: string): RunRecord | null {
  const row = database
    .prepare<[string], RunRow>(
      'SELECT * FROM run WHERE run_key = ? ORDER BY started_at_ms DESC, rowid DESC LIMIT 1',
    )
    .get(key);
  return row === undefined ? null : toRecord(row);
}

/** Newest first. */
export function listRunRecords(database: JournalDatabase, limit: number): RunRecord[] {
  return database
    .prepare<[number], RunRow>('SELECT * FROM run ORDER BY started_at_ms DESC, id DESC LIMIT ?')
    .all(limit)
    .map(toRecord);
}

/** Newest first: the ids alone. */
export function listRunIds(database: JournalDatabase, limit: number): string[] {
  return database
    .prepare<[number], string>('SELECT id FROM run ORDER BY started_at_ms DESC, id DESC LIMIT ?')
    .pluck()
    .all(limit);
}

export function countRuns(database: JournalDatabase): number {
  return database.prepare<[], number>('SELECT count(*) FROM run').pluck().get() ?? 0;
}

/**
 * Makes `executor` the only one that may write to the run and returns the new epoch. A lease that has not
 * expired is respected unless its holder is known to be dead or the operator takes over.
 */
export function acquireLease(
  database: JournalDatabase,
  runId: string,
  executor: ExecutorIdentity,
  options: {
    nowMs: number;
    expiresAtMs: number;
    takeOver: boolean;
    isDead: (holder: ExecutorIdentity) => boolean;
    /** Of the run as it was when its next step was chosen: whoever worked on it since may have done that. */
    epoch?: number;
  },
): number {
  return database
    .transaction(() => {
      const run = findRun(database, runId);
      if (run === null) throw new OdoError('RUN_NOT_FOUND', `There is no run ${runId} in ${database.name}.`);
      const lease = run.lease;
      const free =
        lease === null ||
        lease.expiresAtMs <= options.nowMs ||
        options.takeOver ||
        options.isDead(lease.executor);
      if (!free) throw runHeld(runId, lease);
      if (options.epoch !== undefined && options.epoch !== run.epoch) {
        throw new OdoError('RUN_HELD', `Another odo has just worked on run ${runId}.`, {
          hint: `Look at where it stands now: odo status ${runId}`,
        });
      }
      database
        .prepare(
          `UPDATE run SET lease_executor = ?, lease_epoch = lease_epoch + 1, lease_expires_at_ms = ? WHERE id = ?`,
        )
        .run(JSON.stringify(executor), options.expiresAtMs, runId);
      const row = database
        .prepare<[string], { epoch: number }>('SELECT lease_epoch AS epoch FROM run WHERE id = ?')
        .get(runId);
      if (row === undefined) throw new OdoError('BUG', `Run ${runId} vanished inside a transaction.`);
      return row.epoch;
    })
    .immediate();
}

export function runHeld(runId: string, { executor, expiresAtMs }: Lease): OdoError {
  const expiresAt = new Date(expiresAtMs).toISOString();
  return new OdoError(
    'RUN_HELD',
    `Run ${runId} is being worked on by another odo: process ${executor.pid} on ${executor.host}.`,
    {
      hint: `Watch it with: odo status ${runId} --watch. If that process is gone for certain, wait until ${expiresAt} or add --take-over.`,
      details: { holder: executor, expiresAt },
    },
  );
}

export function leaseLost(runId: string): OdoError {
  return new OdoError('LEASE_LOST', `Another odo took over run ${runId}; this one stops.`, {
    hint: `Watch it with: odo status ${runId} --watch`,
  });
}

export function renewLease(
  database: JournalDatabase,
  runId: string,
  epoch: number,
  expiresAtMs: number,
): boolean {
  return (
    database
      .prepare('UPDATE run SET lease_expires_at_ms = ? WHERE id = ? AND lease_epoch = ?')
      .run(expiresAtMs, runId, epoch).changes === 1
  );
}

export function releaseLease(database: JournalDatabase, runId: string, epoch: number): void {
  database
    .prepare(
      'UPDATE run SET lease_executor = NULL, lease_expires_at_ms = NULL WHERE id = ? AND lease_epoch = ?',
    )
    .run(runId, epoch);
}
