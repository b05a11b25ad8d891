import type { ErrorData } from '../errors/serialize.ts';
import type { ExecutorIdentity } from './executor-identity.ts';
import { appendEvent } from './history.ts';
import { type JournalDatabase, wrapping } from './open.ts';
import { leaseLost, type RunState, type RunVerdict } from './runs.ts';
import * as samples from './samples.ts';
import * as seekIndexes from './seek-indexes.ts';
import * as stepRecords from './steps.ts';

/**
 * Writes of one run under one lease. Every transaction first checks the epoch: an odo that lost its lease
 * (it slept, another took over) can no longer change anything and gets LEASE_LOST.
 */
export class RunJournal {
  readonly runId: string;
  readonly epoch: number;
  readonly #database: JournalDatabase;
  readonly #executor: ExecutorIdentity;
  readonly #nowMs: () => number;

  constructor(
    database: JournalDatabase,
    runId: string,
    epoch: number,
    executor: ExecutorIdentity,
    nowMs: () => number,
  ) {
    this.#database = database;
    this.runId = runId;
    this.epoch = epoch;
    this.#executor = executor;
    this.#nowMs = nowMs;
  }

  findStep(name: string, instance: string): stepRecords.StepRecord | null {
    return stepRecords.findStep(this.#database, this.runId, name, instance);
  }

  completedOutput(name: string, instance: string): unknown {
    return stepRecords.completedOutput(this.#database, this.runId, name, instance);
  }

  lastCheckpoint(name: string, instance: string): unknown {
    return stepRecords.lastCheckpoint(this.#database, this.runId, name, instance);
  }

  /** Commits the intent to run a step and returns the attempt's number, from 1. */
  intendStep(step: {
    name: string;
    instance: string;
    version: number;
    input: string;
    inputHash: string;
  }): number {
    return this.#write(() =>
      stepRecords.intendStep(this.#database, {
        ...step,
        runId: this.runId,
        executor: JSON.stringify(this.#executor),
        epoch: this.epoch,
        nowMs: this.#nowMs(),
      }),
    );
  }

  completeStep(name: string, instance: string, attempt: number, output: unknown): void {
    this.#write(() =>
      stepRecords.completeStep(this.#database, {
        runId: this.runId,
        name,
        instance,
        attempt,
        output: JSON.stringify(output ?? null),
        nowMs: this.#nowMs(),
      }),
    );
  }

  endAttempt(
    name: string,
    instance: string,
    attempt: number,
    outcome: 'failed' | 'interrupted',
    error: ErrorData | null,
  ): void {
    this.#write(() =>
      stepRecords.endAttempt(this.#database, {
        runId: this.runId,
        name,
        instance,
        attempt,
        outcome,
        error: error === null ? null : JSON.stringify(error),
        nowMs: this.#nowMs(),
      }),
    );
  }

  /** Forgets that a step (with its parts) was completed: the operator asked for it with --redo. */
  forgetStep(name: string): void {
    this.#write(() => stepRecords.forgetStep(this.#database, this.runId, name));
  }

  /** Only the step itself: what its parts completed stays. */
  forgetStepWithoutParts(name: string): void {
    this.#write(() => stepRecords.forgetStepWithoutParts(this.#database, this.runId, name));
  }

  /**
   * Only after everything `data` claims is on disk. `progress` is for people: bytes or segments so far. `trail` is
   * appended to what the part has learned about its object.
   */
  saveCheckpoint(name: string, instance: string, progress: number, data: unknown, trail: unknown): void {
    const part = { runId: this.runId, name, instance };
    this.#write(() => {
      stepRecords.saveCheckpoint(this.#database, {
        ...part,
        progress,
        data: JSON.stringify(data),
        nowMs: this.#nowMs(),
      });
      if (trail !== null) seekIndexes.appendTrail(this.#database, { ...part, data: JSON.stringify(trail) });
    });
  }

  /** What earlier `saveCheckpoint`s of the part appended. */
  listTrail(name: string, instance: string): unknown[] {
    return seekIndexes.listTrail(this.#database, { runId: this.runId, name, instance });
  }

  /** The part has read its object to the end: its trail becomes the object's index. Null: it is not worth one. */
  saveSeekIndex(name: string, instance: string, object: seekIndexes.IndexedObject, index: unknown): void {
    this.#write(() => {
      seekIndexes.removeTrail(this.#database, { runId: this.runId, name, instance });
      if (index === null) return;
      const nowMs = this.#nowMs();
      seekIndexes.saveSeekIndex(this.#database, { ...object, data: JSON.stringify(index), nowMs });
    });
  }

  findSeekIndex(object: seekIndexes.IndexedObject): unknown {
    return seekIndexes.findSeekIndex(this.#database, object);
  }

  removeSeekIndex(object: seekIndexes.IndexedObject): void {
    this.#write(() => seekIndexes.removeSeekIndex(this.#database, object));
  }

  saveSnapshot(machineVersion: number, data: unknown): void {
    this.#write(() =>
      this.#database
        .prepare(
          `INSERT INTO snapshot (run_id, sequence, machine_version, saved_at_ms, data) VALUES (?, 1, ?, ?, ?)
           ON CONFLICT (run_id) DO UPDATE SET sequence = sequence + 1, machine_version = excluded.machine_version,
             saved_at_ms = excluded.saved_at_ms, data = excluded.data`,
        )
        .run(this.runId, machineVersion, this.#nowMs(), JSON.stringify(data)),
    );
  }

  /** Before creating it. */
  recordResource(kind: string, name: string, details: unknown): void {
    this.#write(() =>
      this.#database
        .prepare(
          `INSERT INTO resource (run_id, kind, name, details, state, recorded_at_ms) VALUES (?, ?, ?, ?, 'intended', ?)
           ON CONFLICT (run_id, kind, name) DO UPDATE SET state = 'intended'`,
        )
        .run(this.runId, kind, name, JSON.stringify(details ?? null), this.#nowMs()),
    );
  }

  resourceRemoved(kind: string, name: string): void {
    this.#write(() =>
      this.#database
        .prepare("UPDATE resource SET state = 'removed' WHERE run_id = ? AND kind = ? AND name = ?")
        .run(this.runId, kind, name),
    );
  }

  /** True when those of the phase were thinned for it. */
  appendSample(phase: string, atMs: number, data: unknown): boolean {
    return this.#write(() =>
      samples.appendSample(this.#database, { runId: this.runId, phase, atMs, data: JSON.stringify(data) }),
    );
  }

  appendEvent(event: unknown): void {
    this.#write(() =>
      appendEvent(this.#database, { runId: this.runId, atMs: this.#nowMs(), data: JSON.stringify(event) }),
    );
  }

  setRequest(request: unknown): void {
    this.#write(() =>
      this.#database
        .prepare('UPDATE run SET request = ? WHERE id = ?')
        .run(JSON.stringify(request), this.runId),
    );
  }

  /**
   * Another plan for a run, all of it or nothing: the former plan stays as a version of its own, the steps that the
   * new one needs again are forgotten, and the run is under way.
   */
  changePlan(change: {
    readonly plan: unknown;
    readonly request: unknown;
    readonly forgets: readonly string[];
    /** Of these, the parts that were completed stay so. */
    readonly keepsPartsOf: readonly string[];
  }): void {
    const { runId } = this;
    this.#write(() => {
      const output = JSON.stringify(change.plan);
      stepRecords.replaceOutput(this.#database, { runId, name: 'plan', output, nowMs: this.#nowMs() });
      for (const name of change.forgets) {
        if (change.keepsPartsOf.includes(name)) {
          stepRecords.forgetStepWithoutParts(this.#database, runId, name);
        } else stepRecords.forgetStep(this.#database, runId, name);
      }
      // Under way from this moment on: one that was held is not, where it stands now.
      this.#database
        .prepare(
          "UPDATE run SET request = ?, status = 'running', ended_at_ms = NULL, error = NULL WHERE id = ?",
        )
        .run(JSON.stringify(change.request), runId);
      // No machine has this version: the next one goes through the plan again, wherever the last one stood.
      this.#database.prepare('UPDATE snapshot SET machine_version = 0 WHERE run_id = ?').run(runId);
    });
  }

  setStatus(status: RunState, error: ErrorData | null): void {
    this.#write(() =>
      this.#database.prepare('UPDATE run SET status = ?, ended_at_ms = ?, error = ? WHERE id = ?').run(
        // Of a run that was given up, completed means that all of it is removed.
        status === 'abandoned' ? 'completed' : status,
        status === 'running' ? null : this.#nowMs(),
        error === null ? null : JSON.stringify(error),
        this.runId,
      ),
    );
  }

  /** What a drill came to. */
  setVerdict(verdict: RunVerdict): void {
    this.#write(() =>
      this.#database.prepare('UPDATE run SET verdict = ? WHERE id = ?').run(verdict, this.runId),
    );
  }

  /** The run is given up: from here on it can only be removed, and it is under way until it is. */
  abandon(): void {
    this.#write(() =>
      this.#database
        .prepare(
          `UPDATE run SET abandoned_at_ms = coalesce(abandoned_at_ms, ?), status = 'running', ended_at_ms = NULL
           WHERE id = ?`,
        )
        .run(this.#nowMs(), this.runId),
    );
  }

  #write<T>(work: () => T): T {
    return wrapping(this.#database.name, () =>
      this.#database
        .transaction(() => {
          const row = this.#database
            .prepare<[string], { epoch: number }>('SELECT lease_epoch AS epoch FROM run WHERE id = ?')
            .get(this.runId);
          if (row?.epoch !== this.epoch) throw leaseLost(this.runId);
          return work();
        })
        .immediate(),
    );
  }
}
