import type { OdoError } from '../errors/odo-error.ts';

export interface RangeRetry {
  readonly key: string;
  /** First byte that the next attempt asks for. */
  readonly from: number;
  /** Attempts that failed so far without much progress, from 1. */
  readonly attempt: number;
  readonly error: OdoError;
}

export interface RangeRetrying {
  /** Retries of one range that make no progress. @default 6 */
  readonly retries?: number;
  /** Longest wait between two pieces. @unit ms @default 30000 */
  readonly stallMs?: number;
  /** Before the first retry; doubles each time. @unit ms @default 500 */
  readonly retryDelayMs?: number;
  readonly onRetry?: ((retry: RangeRetry) => void) | undefined;
}

export interface ReadObjectOptions extends RangeRetrying {
  /** First byte wanted. @default 0 */
  readonly from?: number;
  /** Behind the last byte wanted. @default the object's size, which is also the most */
  readonly to?: number;
  readonly signal: AbortSignal;
  /** Bytes that were asked for or have arrived, and are not yet consumed. @unit bytes @default 32 MiB */
  readonly memoryBytes?: number;
  /**
   * Most of one request; the first ones are smaller. `memoryBytes` / `rangeBytes` requests run at the same time at
   * most, so that equal values mean one after another.
   * @unit bytes @default 8 MiB, or a quarter of `memoryBytes` where that is less
   */
  readonly rangeBytes?: number;
  /**
   * Pieces stay valid only until the next one is asked for, since their memory is used again: several times less CPU,
   * for consumers that are done with a piece by then.
   * @default false
   */
  readonly reuseMemory?: boolean;
}
