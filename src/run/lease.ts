import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, OdoError } from '../errors/odo-error.ts';
import type { ExecutorIdentity } from '../journal/executor-identity.ts';
import { type JournalDatabase, wrapping } from '../journal/open.ts';
import { acquireLease, findRun, leaseLost, releaseLease, renewLease } from '../journal/runs.ts';
import { currentExecutor, isGone, stateOfHolder } from './executor-identity.ts';

/** Renewal is much more frequent than expiry, because a busy data plane can starve timers. */
const renewEveryTurns = 10;
const expiresAfterMs = 60_000;
/** After a sleep of the whole machine, in which timers stand still, an odo finds out this soon that it lost its run. */
const turnMs = 1000;

export interface HeldLease {
  readonly epoch: number;
  release(): void;
}

/** Takes the run's lease and keeps renewing it; `onLost` fires once when another odo took over, or the journal failed. */
export function holdLease(
  database: JournalDatabase,
  runId: string,
  executor: ExecutorIdentity,
  options: { takeOver: boolean; epoch: number; nowMs: () => number; onLost: (error: OdoError) => void },
): HeldLease {
  const { nowMs } = options;
  const inJournal = <Result>(work: () => Result): Result => wrapping(database.name, work);
  let expiresAtMs = nowMs() + expiresAfterMs;
  const epoch = inJournal(() =>
    acquireLease(database, runId, executor, {
      nowMs: nowMs(),
      expiresAtMs,
      takeOver: options.takeOver,
      epoch: options.epoch,
      isDead: isGone,
    }),
  );
  let turns = 0;
  const timer = setInterval(() => {
    turns++;
    if (turns % renewEveryTurns !== 0 && nowMs() < expiresAtMs) return;
    const nextMs = nowMs() + expiresAfterMs;
    try {
      if (!inJournal(() => renewLease(database, runId, epoch, nextMs))) throw leaseLost(runId);
      expiresAtMs = nextMs;
    } catch (error) {
      // A journal that is busy, or has no room for a moment, is tried again as long as nobody else may take the run.
      if (errorCode(error) !== 'LEASE_LOST' && nowMs() < expiresAtMs) return;
      clearInterval(timer);
      options.onLost(error as OdoError);
    }
  }, turnMs);
  timer.unref();
  return {
    epoch,
    release: () => {
      clearInterval(timer);
      // One that cannot be given back is that of a process which is gone; why the run ends is told by what ended it.
      try {
        releaseLease(database, runId, epoch);
      } catch {}
    },
  };
}

const endsWithinMs = 10_000;

/**
 * Ends the process that has lost the run to this one, where it can be seen from here, and resolves with its pid; null
 * when there is none. One that was suspended would write again from the instant on at which it is continued, before it
 * could learn that the run is not its own any more. That costs it nothing: any odo may be killed at any time.
 *
 * @throws RUN_HELD when it does not end, or is not this user's to end
 */
export async function endFormerHolder(
  database: JournalDatabase,
  runId: string,
  { takeOver, nowMs }: { takeOver: boolean; nowMs: () => number },
): Promise<number | null> {
  const lease = findRun(database, runId)?.lease ?? null;
  if (lease === null || !(takeOver || lease.expiresAtMs <= nowMs())) return null;
  const { executor } = lease;
  const isAlive = (): boolean => stateOfHolder(executor) === 'alive';
  if (!isAlive() || executor.pid === currentExecutor().pid) return null;
  const stays = (cause: unknown): OdoError =>
    new OdoError(
      'RUN_HELD',
      `The odo that worked on run ${runId} before does not end: process ${executor.pid}.`,
      {
        hint: `End it: kill -KILL ${executor.pid}`,
        details: { holder: executor },
        cause,
      },
    );
  try {
    process.kill(executor.pid, 'SIGKILL');
  } catch (cause) {
    if (isAlive()) throw stays(cause);
  }
  for (let waitedMs = 0; isAlive(); waitedMs += 20) {
    if (waitedMs >= endsWithinMs) throw stays(null);
    await delay(20);
  }
  return executor.pid;
}
