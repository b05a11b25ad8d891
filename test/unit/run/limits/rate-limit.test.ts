import { setImmediate as settled } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  largestRangeBytes,
  type RateClock,
  RateLimiter,
  rangeBytesFor,
} from '../../../../src/run/limits/rate-limit.ts';

const MiB = 1024 ** 2;
/** A range is 256 KiB then, the least there is. */
const rate = MiB;
const range = rangeBytesFor(rate);
const never = new AbortController().signal;

/** Time that goes on only when told. */
class ManualClock implements RateClock {
  #nowMs = 0;
  #wake: { atMs: number; resolve: () => void } | null = null;

  nowMs = () => this.#nowMs;

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('the timer was aborted')), { once: true });
      this.#wake = { atMs: this.#nowMs + ms, resolve };
    });
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    while (this.#wake !== null && this.#wake.atMs <= endMs) {
      const { atMs, resolve } = this.#wake;
      this.#nowMs = atMs;
      this.#wake = null;
      resolve();
      await settled();
    }
    this.#nowMs = endMs;
  }
}

/** Time that jumps to where somebody wants to wake, or later by what the timers are late. */
function jumpingClock(lateMs: () => number = () => 0): RateClock & { slept: number[] } {
  let nowMs = 0;
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => nowMs,
    sleep: async (ms) => {
      slept.push(ms);
      nowMs += ms + lateMs();
    },
  };
}

interface Taken {
  readonly atMs: number;
  readonly bytes: number;
}

async function takeAll(limiter: RateLimiter, clock: RateClock, sizes: readonly number[]): Promise<Taken[]> {
  const taken: Taken[] = [];
  await Promise.all(
    sizes.map(async (bytes) => {
      await limiter.take(bytes, never);
      taken.push({ atMs: clock.nowMs(), bytes });
    }),
  );
  return taken;
}

describe('a rate limiter', () => {
  test('lets pass in order of arrival, whatever the sizes', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(rate, clock);
    const passed: string[] = [];
    const take = (name: string, bytes: number) => limiter.take(bytes, never).then(() => passed.push(name));
    const all = [take('first', range), take('large', 4 * range), take('small', 1), take('last', range)];
    await clock.pass(0);
    expect(passed).toEqual(['first']);
    await clock.pass(250);
    expect(passed).toEqual(['first', 'large']);
    await clock.pass(700);
    expect(passed).toEqual(['first', 'large']);
    await clock.pass(550);
    await Promise.all(all);
    expect(passed).toEqual(['first', 'large', 'small', 'last']);
  });

  test('lends what is more than a range, and the next one waits for it', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(rate, clock);
    await limiter.take(8 * MiB, never);
    let passed = false;
    const next = limiter.take(range, never).then(() => {
      passed = true;
    });
    // A range was saved, so that it takes 8 s to be where it was.
    await clock.pass(7999);
    expect(passed).toBe(false);
    await clock.pass(1);
    await next;
    expect(passed).toBe(true);
  });

  test('in no window lets more pass than the rate, two ranges, and what the largest take borrows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 64 * 1024, max: 1024 * MiB }),
        fc.array(fc.integer({ min: 0, max: 32 * MiB }), { minLength: 1, maxLength: 30 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 5000 })),
        async (bytesPerSecond, sizes, late) => {
          const clock = jumpingClock(() => late.next().value ?? 0);
          const limiter = new RateLimiter(bytesPerSecond, clock);
          const taken = await takeAll(limiter, clock, sizes);
          const borrowed = Math.max(0, ...sizes.map((bytes) => bytes - limiter.rangeBytes));
          for (const [first, { atMs: fromMs }] of taken.entries()) {
            let sum = 0;
            for (const { atMs, bytes } of taken.slice(first)) {
              sum += bytes;
              const allowed = ((atMs - fromMs) * bytesPerSecond) / 1000;
              expect(sum).toBeLessThanOrEqual(allowed + 2 * limiter.rangeBytes + borrowed + 1);
            }
          }
        },
      ),
    );
  });

  test('uses the rate in full when timers are punctual', async () => {
    const clock = jumpingClock();
    const limiter = new RateLimiter(rate, clock);
    const taken = await takeAll(
      limiter,
      clock,
      Array.from({ length: 401 }, () => range),
    );
    expect(taken.at(-1)?.atMs).toBe(100_000);
  });

  test('keeps what flows in while a timer is late', async () => {
    const clock = jumpingClock(() => 200);
    const limiter = new RateLimiter(rate, clock);
    const taken = await takeAll(
      limiter,
      clock,
      Array.from({ length: 401 }, () => range),
    );
    expect(taken.at(-1)?.atMs).toBeLessThan(100_500);
  });

  test('saves no more than two ranges while nobody reads', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(rate, clock);
    await clock.pass(3_600_000);
    let passed = 0;
    for (let take = 0; take < 5; take += 1) void limiter.take(range, never).then(() => ++passed);
    await clock.pass(0);
    expect(passed).toBe(2);
  });

  test('that waits when its signal aborts takes nothing, and rejects with the reason', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(rate, clock);
    await limiter.take(range, never);
    const stop = new AbortController();
    const given = limiter.take(100 * MiB, stop.signal);
    let passed = false;
    const next = limiter.take(range, never).then(() => {
      passed = true;
    });
    await clock.pass(100);
    const reason = new Error('stop');
    stop.abort(reason);
    await expect(given).rejects.toBe(reason);
    await clock.pass(150);
    await next;
    expect(passed).toBe(true);
  });

  test('whose signal aborts in the queue takes nothing, and lets nobody overtake', async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter(rate, clock);
    await limiter.take(range, never);
    const passed: string[] = [];
    const first = limiter.take(range, never).then(() => passed.push('first'));
    const stop = new AbortController();
    const given = limiter.take(100 * MiB, stop.signal);
    const third = limiter.take(range / 2, never).then(() => passed.push('third'));
    const reason = new Error('stop');
    stop.abort(reason);
    await expect(given).rejects.toBe(reason);
    await clock.pass(200);
    expect(passed).toEqual([]);
    await clock.pass(175);
    await Promise.all([first, third]);
    expect(passed).toEqual(['first', 'third']);
  });

  test('rejects at once for a signal that is aborted already, also behind others, and takes nothing', async () => {
    const limiter = new RateLimiter(rate, new ManualClock());
    const reason = new Error('stop');
    await expect(limiter.take(100 * MiB, AbortSignal.abort(reason))).rejects.toBe(reason);
    await limiter.take(range, never);
    void limiter.take(range, never);
    await expect(limiter.take(1, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test('sleeps in pieces that a timer can count', async () => {
    const clock = jumpingClock();
    const limiter = new RateLimiter(64 * 1024, clock);
    await limiter.take(2 ** 42, never);
    await limiter.take(1, never);
    expect(Math.max(...clock.slept)).toBeLessThan(2 ** 31);
    expect(clock.nowMs()).toBeGreaterThan(2 ** 31);
  });

  test('rejects with the reason of the signal with the real clock too', async () => {
    const limiter = new RateLimiter(64 * 1024);
    await limiter.take(1024 * MiB, never);
    const stop = new AbortController();
    const given = limiter.take(1, stop.signal);
    await settled();
    const reason = new Error('stop');
    stop.abort(reason);
    await expect(given).rejects.toBe(reason);
  });
});

test('ranges are a quarter of a second long, neither tiny nor larger than without a limit', () => {
  expect(rangeBytesFor(64 * 1024)).toBe(256 * 1024);
  expect(rangeBytesFor(8 * MiB)).toBe(2 * MiB);
  expect(rangeBytesFor(1024 * MiB)).toBe(largestRangeBytes);
});
