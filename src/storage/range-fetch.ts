import pRetry from 'p-retry';
import { OdoError } from '../errors/odo-error.ts';
import type { AdaptiveWindow } from './adaptive-window.ts';
import type { ObjectStorage } from './object-storage.ts';
import type { ByteRange } from './range-location.ts';
import { readRange } from './range-reader.ts';
import type { RangeRetrying } from './read-options.ts';
import { isRetryable } from './retryable.ts';
import { isThrottling } from './store-errors.ts';

/** An attempt that brought at least this much costs no retry: a store that breaks every connection still gets through. */
const progressBytes = 64 * 1024;

export interface RangeFetchOptions extends RangeRetrying {
  readonly signal: AbortSignal;
  /** Learns of throttling and of a consumer that waits. */
  readonly window: AdaptiveWindow;
  readonly allocate: (bytes: number) => Uint8Array;
}

/** One range on its way: fetches at once into memory, hands its pieces out in order as they arrive. */
export class RangeFetch {
  readonly #options: RangeFetchOptions;
  readonly #waiting: Uint8Array[] = [];
  #wake = Promise.withResolvers<void>();
  #outcome: 'running' | 'done' | 'failed' = 'running';
  #error: unknown = null;
  #generation = 0;
  /** Settles when nothing runs any more, with what became of it; never rejects. */
  readonly ended: Promise<'done' | 'failed'>;

  constructor(
    source: Pick<ObjectStorage, 'locate'>,
    object: { readonly key: string; readonly etag: string },
    range: ByteRange,
    options: RangeFetchOptions,
  ) {
    this.#options = options;
    this.ended = this.#run(source, object, range).then(
      () => this.#settle('done', null),
      (error: unknown) => this.#settle('failed', error),
    );
  }

  /** The window's when the last attempt began. */
  get generation(): number {
    return this.#generation;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) yield chunk;
      if (this.#outcome === 'failed') throw this.#error;
      if (this.#outcome === 'done') return;
      this.#options.window.starved();
      await this.#wake.promise;
      this.#options.signal.throwIfAborted();
      this.#wake = Promise.withResolvers<void>();
    }
  }

  /** What has arrived and is not wanted any more. */
  takeWaiting(): Uint8Array[] {
    return this.#waiting.splice(0);
  }

  #settle(outcome: 'done' | 'failed', error: unknown): 'done' | 'failed' {
    this.#outcome = outcome;
    this.#error = error;
    this.#wake.resolve();
    return outcome;
  }

  async #run(
    source: Pick<ObjectStorage, 'locate'>,
    object: { readonly key: string; readonly etag: string },
    { from, to }: ByteRange,
  ): Promise<void> {
    const {
      signal,
      window,
      allocate,
      stallMs = 30_000,
      retries = 6,
      retryDelayMs = 500,
      onRetry,
    } = this.#options;
    let at = from;
    let attemptStart = at;
    const onBytes = (bytes: Uint8Array) => {
      at += bytes.length;
      this.#waiting.push(bytes);
      this.#wake.resolve();
    };
    const attempt = async (): Promise<void> => {
      attemptStart = at;
      this.#generation = window.generation;
      // Anew each time: signatures expire, and the credentials behind them.
      const location = await unlessAborted(source.locate(object, { from: at, to }, signal), signal);
      await readRange(location, { signal, stallMs, onBytes, allocate });
    };
    await pRetry(attempt, {
      retries,
      minTimeout: retryDelayMs,
      maxTimeout: 30_000,
      factor: 2,
      randomize: true,
      signal,
      shouldConsumeRetry: () => at - attemptStart < progressBytes,
      shouldRetry: ({ error }) => isRetryable(error),
      onFailedAttempt: ({ error, retriesConsumed }) => {
        if (isThrottling(error)) window.throttled(this.#generation);
        if (error instanceof OdoError && isRetryable(error)) {
          onRetry?.({ key: object.key, from: at, attempt: retriesConsumed + 1, error });
        }
      },
    });
  }
}

/** For a promise that may not know the signal: a location comes from another thread, which may have stopped answering. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
