import pRetry from 'p-retry';
import { OdoError } from '../errors/odo-error.ts';

import type { ByteRange, ObjectStorage } from './object-storage.ts';
import type { ReadObjectOptions } from './read-options.ts';
import { isRetryable } from './retryable.ts';
import { withStallLimit } from './stall-limit.ts';

/** An attempt that brought at least this much costs no retry: a store that breaks every connection still gets through. */
const progressBytes = 64 * 1024;

/** One range on its way: fetches at once into memory, hands its pieces out in order as they arrive. */
export class RangeFetch {
  readonly #waiting: Uint8Array[] = [];
  #wake = Promise.withResolvers<void>();
  #outcome: 'running' | 'done' | 'failed' = 'running';
  #error: unknown = null;
  /** Settles when nothing runs any more; never rejects. */
  readonly ended: Promise<void>;

  constructor(
    storage: ObjectStorage,
    object: { key: string; etag: string },
    range: ByteRange,
    options: ReadObjectOptions,
  ) {
    this.ended = this.#run(storage, object, range, options).then(
      () => this.#settle('done', null),
      (error: unknown) => this.#settle('failed', error),
    );
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) yield chunk;
      if (this.#outcome === 'failed') throw this.#error;
      if (this.#outcome === 'done') return;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }

  #settle(outcome: 'done' | 'failed', error: unknown): void {
    this.#outcome = outcome;
    this.#error = error;
    this.#wake.resolve();
  }

  async #run(
    storage: ObjectStorage,
    object: { key: string; etag: string },
    range: ByteRange,
    options: ReadObjectOptions,
  ): Promise<void> {
    let at = range.from;
    let attemptStart = at;
    const attempt = async (): Promise<void> => {
      attemptStart = at;
      const open = (signal: AbortSignal) => storage.readRange(object, { from: at, to: range.to }, signal);
      const limit = { stallMs: options.stallMs ?? 30_000, signal: options.signal, what: object.key };
      for await (const chunk of withStallLimit(open, limit)) {
        at += chunk.length;
        this.#waiting.push(chunk);
        this.#wake.resolve();
      }
      if (at < range.to) {
        throw new OdoError('OBJECT_TRUNCATED', `${object.key} ended at byte ${at}, before ${range.to}.`, {
          hint: 'The connection broke or the store is overloaded; resume later.',
          details: { key: object.key, got: at, wanted: range.to },
        });
      }
    };
    await pRetry(attempt, {
      retries: options.retries ?? 6,
      minTimeout: options.retryDelayMs ?? 500,
      maxTimeout: 30_000,
      factor: 2,
      randomize: true,
      signal: options.signal,
      shouldConsumeRetry: () => at - attemptStart < progressBytes,
      shouldRetry: ({ error }) => isRetryable(error),
      onFailedAttempt: ({ error, retriesConsumed }) => {
        if (error instanceof OdoError && isRetryable(error)) {
          options.onRetry?.({ key: object.key, from: at, attempt: retriesConsumed + 1, error });
        }
      },
    });
  }
}
