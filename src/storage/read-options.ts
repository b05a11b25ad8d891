import type { OdoError } from '../errors/odo-error.ts';

export interface RangeRetry {
  readonly key: string;
  /** First byte that the next attempt asks for. */
  readonly from: number;
  /** Attempts that failed so far without much progress, from 1. */
  readonly attempt: number;
  readonly error: OdoError;
}

export interface ReadObjectOptions {
  /** First byte wanted. @default 0 */
  readonly from?: number;
  readonly signal: AbortSignal;
  /** @unit bytes @default 8 MiB */
  readonly rangeBytes?: number;
  /** Ranges asked for at the same time; memory is bounded by `inFlight` times `rangeBytes`. @default 4 */
  readonly inFlight?: number;
  /** Retries of one range that make no progress. @default 6 */
  readonly retries?: number;
  /** @unit ms @default 30000 */
  readonly stallMs?: number;
  /** Before the first retry; doubles each time. @unit ms @default 500 */
  readonly retryDelayMs?: number;
  readonly onRetry?: (retry: RangeRetry) => void;
}
