import { setTimeout as delay } from 'node:timers/promises';
import { isRetryable } from '../storage/retryable.ts';

export interface PatienceOptions {
  readonly notice: (level: 'info' | 'warning', message: string) => void;
  readonly now: () => Date;
  /** @unit ms @default 30 minutes */
  readonly limitMs?: number;
  /** Before the first new try; doubles each time. @unit ms @default 500 */
  readonly firstDelayMs?: number;
  /** @unit ms @default 10 s */
  readonly longestDelayMs?: number;
}

/**
 * For work that may wait for a store to come back: a recovery that stands still costs nothing, and one that fails
 * has to be resumed by a person. Says once that it waits, and once that it goes on, however much work waits.
 */
export class StorePatience {
  readonly #options: Required<PatienceOptions>;
  #isNoticed = false;

  constructor(options: PatienceOptions) {
    this.#options = { limitMs: 30 * 60_000, firstDelayMs: 500, longestDelayMs: 10_000, ...options };
  }

  /** @throws the last failure when the time is over, and at once what no later try can cure */
  async run<Output>(what: string, signal: AbortSignal, work: () => Promise<Output>): Promise<Output> {
    const { notice, now, limitMs, firstDelayMs, longestDelayMs } = this.#options;
    let since: number | null = null;
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
      try {
        const output = await work();
        if (since !== null && this.#isNoticed) {
          this.#isNoticed = false;
          notice('info', `${what} is there; it goes on.`);
        }
        return output;
      } catch (error) {
        if (signal.aborted || !isRetryable(error)) throw error;
        since ??= now().getTime();
        if (now().getTime() - since > limitMs) throw error;
        if (!this.#isNoticed) {
          this.#isNoticed = true;
          const why = error instanceof Error ? error.message : String(error);
          const minutes = Math.round(limitMs / 60_000);
          notice(
            'warning',
            `${what} cannot be had now and is tried again for up to ${minutes} minutes: ${why}`,
          );
        }
      }
      await delay(delayMs, undefined, { signal });
    }
  }
}
