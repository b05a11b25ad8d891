import { setTimeout as delay } from 'node:timers/promises';
import { type JournalDatabase, openJournal } from '../journal/open.ts';
import { findRun, findRunByKey, type Lease, type RunRecord, runHeld } from '../journal/runs.ts';
import { completedOutput } from '../journal/steps.ts';
import { withOwnTarget } from '../steps/drill-target.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import { type RestoreRequest, storedRequest } from '../steps/restore-request.ts';
import { stateOfHolder } from './executor-identity.ts';
import { makeRun, type NewRun } from './new-run.ts';
import type { RunOutcome, RunSurroundings } from './run-api.ts';
import { outcomeOf } from './run-outcome.ts';

/** Of a run that has a key. */
export type KeyedRequest = RestoreRequest & { readonly runKey: string };

/** How a run is worked on from here. */
interface Ways {
  readonly begin: (run: NewRun) => Promise<RunOutcome>;
  readonly goOn: (runId: string) => Promise<RunOutcome>;
}

/**
 * Starts the run with this key, goes on with it, or tells how it has ended, whichever is true. Of processes that come
 * with the same key at once, one works on the run; the others end with RUN_HELD.
 */
export async function startByKey(
  database: JournalDatabase,
  asked: KeyedRequest,
  { signal, onEvent }: RunSurroundings,
  ways: Ways,
): Promise<RunOutcome> {
  for (;;) {
    const keyed = findOrMakeRun(database, asked);
    if (!keyed.found) return ways.begin(keyed);
    const runId = keyed.run.id;
    const notice = (message: string): void =>
      onEvent({ at: new Date().toISOString(), runId, type: 'notice', level: 'info', message });
    const differs = whatDiffers(keyed.run, asked);
    if (differs.length > 0) {
      notice(
        `Run ${runId} was started with this key and keeps its settings; now they differ in: ${differs.join(', ')}.`,
      );
    }
    try {
      await waitForHolder(database, runId, {
        signal,
        nowMs: Date.now,
        onWait: ({ executor: { pid, host }, expiresAtMs }) =>
          notice(
            `Run ${runId} was last worked on by process ${pid} on ${host}, which cannot be seen from here; unless it shows that it lives, this one goes on at ${new Date(expiresAtMs).toISOString()}.`,
          ),
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      return outcomeOf(findRun(database, runId) ?? keyed.run, 'interrupted', null);
    }
    const run = findRun(database, runId);
    if (run === null || isWithoutEffect(run)) continue;
    // Nothing to go on with, but proved for good: the backup is bad.
    return run.status === 'refused' ? outcomeOf(run, run.status, run.error) : ways.goOn(runId);
  }
}

/** What a key stands for: a run that was made for it now, or the one that is there. */
export type KeyedRun =
  | ({ readonly found: false } & NewRun)
  | { readonly found: true; readonly run: RunRecord };

/**
 * The newest run with this key, or a new one. Both in one transaction that waits for all others: of several that come
 * with the same key at once, one makes the run and the rest find it.
 */
export function findOrMakeRun(database: JournalDatabase, asked: KeyedRequest): KeyedRun {
  return database
    .transaction((): KeyedRun => {
      const run = findRunByKey(database, asked.runKey);
      return run === null || isWithoutEffect(run)
        ? { found: false, ...makeRun(database, asked) }
        : { found: true, run };
    })
    .immediate();
}

/**
 * It touched nothing and proved nothing, nothing is left of it, or what it laid down goes its own way by now, as a volume of
 * that name may be another one: its key is free again.
 */
const isWithoutEffect = ({ status, verdict, abandonedAtMs, request }: RunRecord): boolean =>
  (status === 'refused' && verdict === null) ||
  status === 'declined' ||
  abandonedAtMs !== null ||
  (status === 'completed' && storedRequest(request).preparesOnly === true);

/** What the run with this key has planned; null when there is none, or none that goes on. */
export function plannedByKey(journalFile: string, key: string): RestorePlan | null {
  const database = openJournal(journalFile);
  try {
    const run = findRunByKey(database, key);
    if (run === null || isWithoutEffect(run)) return null;
    return completedOutput(database, run.id, 'plan', '') as RestorePlan | null;
  } finally {
    database.close();
  }
}

/** What differs from the settings of the first start, which hold; by the names of the request's parts. */
export function whatDiffers(run: RunRecord, asked: RestoreRequest): string[] {
  const ofRun: Readonly<Record<string, unknown>> = { ...storedRequest(run.request) };
  const now: Readonly<Record<string, unknown>> = { ...storedRequest(withOwnTarget(asked, run.id)) };
  return Object.keys({ ...ofRun, ...now })
    .filter((part) => !neverCompared.includes(part))
    .filter((part) => JSON.stringify(ofRun[part] ?? null) !== JSON.stringify(now[part] ?? null));
}

/** Words for a time mean another one each day, and what is shared among drills depends on how many there are. */
const neverCompared = ['readings', 'runKey', 'confirmed', 'evidence', 'jobs', 'memoryBytes'];

export interface Waiting {
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  /** Told once, before it waits. */
  readonly onWait: (lease: Lease) => void;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Returns when this process may take the run. A holder that can be seen to live is left alone, RUN_HELD says so. One
 * in another container, which a scheduler may have replaced by this one, cannot be seen: it has until its lease
 * expires to show that it lives.
 */
export async function waitForHolder(
  database: JournalDatabase,
  runId: string,
  waiting: Waiting,
): Promise<void> {
  const { signal, nowMs, onWait, sleep = pause } = waiting;
  let seen: Lease | null = null;
  for (;;) {
    signal.throwIfAborted();
    const lease = findRun(database, runId)?.lease ?? null;
    if (lease === null || lease.expiresAtMs <= nowMs()) return;
    const state = stateOfHolder(lease.executor);
    if (state === 'gone') return;
    const renewed = seen !== null && (seen.epoch !== lease.epoch || seen.expiresAtMs !== lease.expiresAtMs);
    if (state === 'alive' || renewed) throw runHeld(runId, lease);
    if (seen === null) onWait(lease);
    seen = lease;
    await sleep(Math.min(lookEveryMs, lease.expiresAtMs - nowMs()), signal);
  }
}

const lookEveryMs = 500;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(Math.max(1, ms), undefined, { signal });
