import { readFileRange } from './file-range.ts';
import { readHttpRange } from './http-range.ts';
import type { RangeLocation } from './range-location.ts';
import { withStallLimit } from './stall-limit.ts';

/** How a range is read. */
export interface RangeReading {
  readonly signal: AbortSignal;
  /** Longest wait between two pieces. @unit ms */
  readonly stallMs: number;
  /** Takes each piece as it arrives, in order; never more than the range. Nothing waits for it: memory is the caller's. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Memory that bytes arrive in, for at most so many: `freshBlock`, or a pool's. */
  readonly allocate: (bytes: number) => Uint8Array;
}

/**
 * One attempt at one range: everything, or an error of those `ObjectStorage` names. Needs no credentials and loads no
 * SDK, so that it can run in a thread.
 */
export async function readRange(location: RangeLocation, reading: RangeReading): Promise<void> {
  const { signal, stallMs, onBytes, allocate } = reading;
  signal.throwIfAborted();
  if (location.range.to <= location.range.from) return;
  if (location.kind === 'http') return readHttpRange(location, reading);
  const open = (inner: AbortSignal) => readFileRange(location, { signal: inner, allocate });
  for await (const bytes of withStallLimit(open, { stallMs, signal, what: location.key })) onBytes(bytes);
}
