import { setTimeout as delay } from 'node:timers/promises';
import { engineError, isNotFound, repeatsOf, SilentEngine } from './engine-error.ts';

export type Request<Result> = (options: { abortSignal: AbortSignal }) => Promise<Result>;

export interface Asking<Result> {
  /** Longest wait for one answer; null: as long as it takes. @unit ms @default 60000 */
  readonly patienceMs?: number | null;
  /** How often to ask again after such a failure. @default repeatsOf */
  readonly repeats?: (error: unknown) => number;
  /** What a request whose answer got lost has done after all; undefined: nothing that can be seen, so it is made again. */
  readonly observe?: () => Promise<Result | undefined>;
}

/** Of a request that cannot be made twice, for instance because it sends a stream. */
export const never = (): number => 0;

/** Before the first repetition; doubles each time. @unit ms */
const firstDelayMs = 200;
const patienceMs = 60_000;

/**
 * The one place where odo asks an engine, and asks it again: a connection that broke, an engine that was restarted, or
 * one that says nothing for a minute costs no run. Everything asked here is idempotent, or can be observed afterwards.
 */
export class EngineCalls {
  /** For messages. */
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  /**
   * Makes the request until the engine has answered, a few times at most. An interruption keeps the signal's reason,
   * everything else becomes an OdoError that says `what` was asked for: "create the volume pgdata".
   */
  async ask<Result>(
    what: string,
    signal: AbortSignal | undefined,
    request: Request<Result>,
    asking: Asking<Result> = {},
  ): Promise<Result> {
    for (let failed = 0; ; ) {
      signal?.throwIfAborted();
      try {
        return await answered(
          request,
          asking.patienceMs === undefined ? patienceMs : asking.patienceMs,
          signal,
        );
      } catch (error) {
        signal?.throwIfAborted();
        failed += 1;
        if (failed > (asking.repeats ?? repeatsOf)(error)) throw this.error(error, what);
      }
      await delay(firstDelayMs * 2 ** (failed - 1), undefined, signal ? { signal } : {});
      const done = await asking.observe?.();
      if (done !== undefined) return done;
    }
  }

  /** As `ask`, null when the engine knows no such thing. */
  async askForMaybe<Result>(
    what: string,
    signal: AbortSignal | undefined,
    request: Request<Result>,
    asking: Asking<Result | null> = {},
  ): Promise<Result | null> {
    try {
      return await this.ask<Result | null>(what, signal, request, asking);
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  /** Of a stream that broke after it had begun. */
  error(error: unknown, what: string): unknown {
    return engineError(error, what, this.#address);
  }
}

/** One attempt. What the answer streams afterwards stays tied to `signal`, and not to the patience. */
async function answered<Result>(
  request: Request<Result>,
  limitMs: number | null,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const attempt = new AbortController();
  const timer =
    limitMs === null ? undefined : setTimeout(() => attempt.abort(new SilentEngine(limitMs)), limitMs);
  const abortSignal = AbortSignal.any(signal ? [signal, attempt.signal] : [attempt.signal]);
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(abortSignal.reason);
  abortSignal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([request({ abortSignal }), aborted.promise]);
  } finally {
    clearTimeout(timer);
    abortSignal.removeEventListener('abort', abort);
  }
}
