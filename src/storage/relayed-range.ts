import type { RelayedRangeLocation } from './range-location.ts';
import type { RangeReading } from './range-reading.ts';
import { RelayMemory } from './relay-memory.ts';

/** One attempt at a range that another thread reads. @throws what that thread's reading ended with */
export async function* readRelayedRange(
  { memory }: RelayedRangeLocation,
  { signal, allocate }: Pick<RangeReading, 'signal' | 'allocate'>,
): AsyncGenerator<Uint8Array> {
  const relay = new RelayMemory(memory);
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  aborted.promise.catch(() => undefined);
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (let at = 0; ; ) {
      signal.throwIfAborted();
      const { version, outcome, written } = {
        version: relay.version,
        outcome: relay.outcome,
        written: relay.written,
      };
      if (at < written) {
        const buffer = allocate(written - at);
        const count = Math.min(buffer.length, written - at);
        buffer.set(relay.bytes.subarray(at, at + count));
        at += count;
        yield buffer.subarray(0, count);
      } else if (outcome === 'done') {
        return;
      } else if (outcome === 'failed') {
        throw relay.error;
      } else {
        await Promise.race([relay.changed(version), aborted.promise]);
      }
    }
  } finally {
    signal.removeEventListener('abort', abort);
    relay.giveUp();
  }
}
