import { OdoError } from '../errors/odo-error.ts';
import type { ExecutorIdentity } from '../journal/executor-identity.ts';
import type { JournalDatabase } from '../journal/open.ts';
import { acquireLease, releaseLease, renewLease } from '../journal/runs.ts';
import { isGone } from './executor-identity.ts';

/** Renewal is much more frequent than expiry, because a busy data plane can starve timers. */
const renewEveryMs = 10_000;
const expiresAfterMs = 60_000;

export interface HeldLease {
  readonly epoch: number;
  release(): void;
}

/** Takes the run's lease and keeps renewing it; `onLost` fires once when another odo took over. */
export function holdLease(
  database: JournalDatabase,
  runId: string,
  executor: ExecutorIdentity,
  options: { takeOver: boolean; nowMs: () => number; onLost: (error: OdoError) => void },
): HeldLease {
  const epoch = acquireLease(database, runId, executor, {
    nowMs: options.nowMs(),
    expiresAtMs: options.nowMs() + expiresAfterMs,
    takeOver: options.takeOver,
    isDead: isGone,
  });
  const timer = setInterval(() => {
    if (renewLease(database, runId, epoch, options.nowMs() + expiresAfterMs)) return;
    clearInterval(timer);
    options.onLost(
      new OdoError('LEASE_LOST', `Another odo took over run ${runId}; this one stops.`, {
        hint: `Watch it with: odo status ${runId} --watch`,
      }),
    );
  }, renewEveryMs);
  timer.unref();
  return {
    epoch,
    release: () => {
      clearInterval(timer);
      releaseLease(database, runId, epoch);
    },
  };
}
