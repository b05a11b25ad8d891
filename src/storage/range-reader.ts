import { readFileRange } from './file-range.ts';
import { readHttpRange } from './http-range.ts';
import type { RangeLocation } from './range-location.ts';
import type { RangeReading } from './range-reading.ts';
import { readRelayedRange } from './relayed-range.ts';
import { withStallLimit } from './stall-limit.ts';

/**
 * One attempt at one range: everything, or an error of those `ObjectStorage` names. Needs no credentials and loads no
 * SDK, so that it can run in a thread.
 */
export async function readRange(location: RangeLocation, reading: RangeReading): Promise<void> {
  const { signal, stallMs, onBytes, allocate } = reading;
  signal.throwIfAborted();
  if (location.range.to <= location.range.from) return;
  if (location.kind === 'http') return readHttpRange(location, reading);
  const open = (inner: AbortSignal) =>
    location.kind === 'file'
      ? readFileRange(location, { signal: inner, allocate })
      : readRelayedRange(location, { signal: inner, allocate });
  for await (const bytes of withStallLimit(open, { stallMs, signal, what: location.key })) onBytes(bytes);
}
