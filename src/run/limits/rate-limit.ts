import { setTimeout as delay } from 'node:timers/promises';

/** Time as the limiter sees it. */
export interface RateClock {
  /** Never goes back. */
  nowMs(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const realClock: RateClock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

/** Where no rate is set. @unit bytes */
export const largestRangeBytes = 8 * 1024 ** 2;
const smallestRangeBytes = 256 * 1024;

/** Timers of more than 24 days fire at once; a very large object at a very low rate comes near. @unit ms */
const longestSleepMs = 60 * 60 * 1000;

/** About four requests a second: less is jerky, more costs the store requests. @unit bytes */
export const rangeBytesFor = (bytesPerSecond: number): number =>
  Math.min(largestRangeBytes, Math.max(smallestRangeBytes, Math.floor(bytesPerSecond / 4)));

/**
 * A token bucket that everything which reads shares. Whoever came first goes first, whatever the sizes, so that no
 * archive starves another.
 */
export class RateLimiter {
  /** The most to take at once for an even flow. @unit bytes */
  readonly rangeBytes: number;
  readonly #bytesPerMs: number;
  readonly #clock: RateClock;
  #saved: number;
  #countedMs: number;
  #last: Promise<void> = Promise.resolve();

  constructor(bytesPerSecond: number, clock: RateClock = realClock) {
    this.rangeBytes = rangeBytesFor(bytesPerSecond);
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
    this.#saved = this.rangeBytes;
    this.#countedMs = clock.nowMs();
  }

  /**
   * Resolves when these bytes may be read. More than `rangeBytes` are lent, and the next ones wait for it. Rejects
   * with the signal's reason as soon as it aborts, and then takes nothing.
   */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const before = this.#last;
    const passed = Promise.withResolvers<void>();
    this.#last = passed.promise;
    try {
      await unlessAborted(before, signal);
      await this.#wait(Math.min(bytes, this.rangeBytes), signal);
      signal.throwIfAborted();
      this.#saved -= bytes;
    } catch (error) {
      // A timer that is aborted rejects with an error of its own.
      signal.throwIfAborted();
      throw error;
    } finally {
      // One that gave up while it queued must not let the next overtake those before it.
      void before.then(passed.resolve);
    }
  }

  async #wait(needed: number, signal: AbortSignal): Promise<void> {
    for (this.#count(); this.#saved < needed; this.#count()) {
      const missingMs = Math.ceil((needed - this.#saved) / this.#bytesPerMs);
      await this.#clock.sleep(Math.min(missingMs, longestSleepMs), signal);
    }
  }

  #count(): void {
    const nowMs = this.#clock.nowMs();
    // Two ranges, because one would lose what flows in while a late timer is waited for.
    const most = 2 * this.rangeBytes;
    this.#saved = Math.min(most, this.#saved + (nowMs - this.#countedMs) * this.#bytesPerMs);
    this.#countedMs = nowMs;
  }
}

function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    void promise.then(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}
