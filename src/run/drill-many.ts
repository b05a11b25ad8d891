import { isAbort } from '../errors/odo-error.ts';
import { type ErrorData, toErrorData } from '../errors/serialize.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import type { SourceCredentials } from '../storage/credentials.ts';
import { DiskLedger } from './limits/disk-ledger.ts';
import { shareOf } from './limits/shared-host.ts';
import type { RunApi, RunOutcome, RunSurroundings } from './run-api.ts';
import type { RunEvent } from './run-events.ts';

/** One of several databases that are drilled together. */
export interface DatabaseDrill {
  readonly database: string;
  readonly request: RestoreRequest;
  readonly credentials: SourceCredentials | null;
  /** Signs what is posted when it has ended; null: it is not signed. */
  readonly notifySecret?: string | null;
}

export interface DatabaseOutcome {
  readonly database: string;
  /** Null: no run was begun, or it stopped outside of its machine; `error` says why. */
  readonly outcome: RunOutcome | null;
  readonly error: ErrorData | null;
}

export interface ManyMeans {
  /** Drills at the same time. */
  readonly parallel: number;
  readonly journalFile: string;
  readonly signal: AbortSignal;
  readonly onEvent: (database: string, event: RunEvent) => void;
  /** It waits until another drill has ended and left its room on the disk. */
  readonly onWait: (database: string) => void;
  readonly onEnd: (outcome: DatabaseOutcome) => Promise<void> | void;
  readonly start: RunApi['startRun'];
  readonly plan: RunApi['planRun'];
  /** What a run with this key has planned already, when it can go on; null: there is none. */
  readonly plannedBefore: (journalFile: string, key: string) => RestorePlan | null;
}

/**
 * Drills all of them, `parallel` at a time, in their order. What becomes of one changes nothing for the others; an
 * abort ends those that run, and the rest is not begun.
 */
export async function drillMany(
  drills: readonly DatabaseDrill[],
  means: ManyMeans,
): Promise<readonly DatabaseOutcome[]> {
  const outcomes = new Map<string, DatabaseOutcome>();
  const queue = [...drills];
  const admission = new Admission(means);
  const work = async (): Promise<void> => {
    for (let drill = queue.shift(); drill !== undefined; drill = queue.shift()) {
      const outcome = await drillOne(drill, means, admission);
      outcomes.set(drill.database, outcome);
      await means.onEnd(outcome);
    }
  };
  await Promise.all(Array.from({ length: Math.min(means.parallel, drills.length) }, work));
  return drills.flatMap(({ database }) => outcomes.get(database) ?? []);
}

/** Never rejects. */
async function drillOne(
  drill: DatabaseDrill,
  means: ManyMeans,
  admission: Admission,
): Promise<DatabaseOutcome> {
  const { database } = drill;
  const request = shareOf(drill.request, means.parallel);
  const surroundings = surroundingsOf(drill, means, (event) => {
    admission.heard(database, event);
    means.onEvent(database, event);
  });
  try {
    await admission.enter(database, request, surroundings);
    return { database, outcome: await means.start(request, surroundings), error: null };
  } catch (error) {
    const stopped = isAbort(error) || means.signal.aborted;
    return { database, outcome: null, error: stopped ? null : toErrorData(error) };
  } finally {
    admission.leave(database);
  }
}

const surroundingsOf = (
  { credentials, notifySecret = null }: DatabaseDrill,
  { journalFile, signal }: ManyMeans,
  onEvent: (event: RunEvent) => void,
): RunSurroundings => ({
  journalFile,
  credentials,
  notifySecret,
  signal,
  onEvent,
  // A drill removes nothing of the operator's: there is nothing to ask.
  confirm: async () => ({ answer: 'decline' }),
  agree: async () => false,
});

/** Lets drills in one after another, as far as the disk has room for them together. */
class Admission {
  readonly #means: ManyMeans;
  readonly #ledger = new DiskLedger();
  #line: Promise<unknown> = Promise.resolve();
  #someoneLeft = Promise.withResolvers<void>();

  constructor(means: ManyMeans) {
    this.#means = means;
  }

  /** Resolves when it may start; rejects when it is stopped while it waits. */
  enter(database: string, request: RestoreRequest, surroundings: RunSurroundings): Promise<void> {
    const turn = this.#line.then(() => this.#admit(database, request, surroundings));
    this.#line = turn.catch(() => {});
    return turn;
  }

  heard(database: string, event: RunEvent): void {
    if (event.type === 'progress' && event.phase === 'restoreBase' && event.total !== null && event.total > 0)
      this.#ledger.progress(database, event.done / event.total);
    if (event.type === 'phase' && event.phase === 'restoreBase' && event.state === 'completed')
      this.#ledger.progress(database, 1);
  }

  leave(database: string): void {
    this.#ledger.remove(database);
    this.#someoneLeft.resolve();
    this.#someoneLeft = Promise.withResolvers();
  }

  async #admit(database: string, request: RestoreRequest, surroundings: RunSurroundings): Promise<void> {
    const { signal } = this.#means;
    let told = false;
    for (;;) {
      signal.throwIfAborted();
      // Alone it gets whatever is there, and when that is too little its own run says so.
      if (this.#means.parallel === 1) return this.#ledger.add(database, null);
      const someoneLeft = this.#someoneLeft.promise;
      const { room, fits } = await this.#roomFor(request, surroundings);
      if (fits || this.#ledger.isEmpty) return this.#ledger.add(database, room);
      if (!told) this.#means.onWait(database);
      told = true;
      await untilAborted(someoneLeft, signal);
    }
  }

  async #roomFor(
    request: RestoreRequest,
    surroundings: RunSurroundings,
  ): Promise<{ room: RestorePlan | null; fits: boolean }> {
    const { journalFile, plan, plannedBefore } = this.#means;
    const kept = request.runKey == null ? null : plannedBefore(journalFile, request.runKey);
    // It has its part of the disk already.
    if (kept !== null) return { room: kept, fits: true };
    const planned = await plan(justForRoom(request), { ...surroundings, onEvent: () => {} }).catch(
      (error: unknown) => {
        if (isAbort(error) || surroundings.signal.aborted) throw error;
        // Its run comes to the same trouble, and reports it.
        return { plan: null, problems: [] };
      },
    );
    const isShort = planned.problems.some(({ code }) => code === 'NOT_ENOUGH_SPACE');
    const room = planned.plan;
    return { room, fits: !isShort && (room === null || this.#ledger.hasRoomFor(room)) };
  }
}

/** How much WAL there is says enough. */
const justForRoom = (request: RestoreRequest): RestoreRequest => ({
  ...request,
  recovery: { ...request.recovery, check: 'ends' },
});

async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const stopped = Promise.withResolvers<never>();
  const onAbort = () => stopped.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
