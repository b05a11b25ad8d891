import { OdoError } from '../errors/odo-error.ts';

export interface StallLimit {
  /** Longest wait for the next piece. The time that the consumer takes does not count. @unit ms */
  readonly stallMs: number;
  readonly signal: AbortSignal;
  /** For the message. */
  readonly what: string;
}

/**
 * Passes a source's pieces on and gives up when none comes for too long. A socket timeout cannot do this: it also
 * fires while a slow consumer leaves the socket unread.
 * @throws STORAGE_UNAVAILABLE when the source stalls
 */
export async function* withStallLimit<Piece>(
  open: (signal: AbortSignal) => AsyncIterable<Piece>,
  { stallMs, signal, what }: StallLimit,
): AsyncGenerator<Piece> {
  const attempt = new AbortController();
  const iterator = open(AbortSignal.any([signal, attempt.signal]))[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      const stalled = Promise.withResolvers<never>();
      timer = setTimeout(() => {
        stalled.reject(stallError(what, stallMs));
      }, stallMs);
      const next = iterator.next();
      // Once the race is lost, what becomes of the attempt no longer matters.
      next.catch(() => undefined);
      const result = await Promise.race([next, stalled.promise]);
      clearTimeout(timer);
      if (result.done) return;
      yield result.value;
    }
  } finally {
    clearTimeout(timer);
    attempt.abort();
    iterator.return?.().catch(() => undefined);
  }
}

export function stallError(what: string, stallMs: number): OdoError {
  return new OdoError('STORAGE_UNAVAILABLE', `No byte of ${what} arrived for ${stallMs / 1000} s.`, {
    hint: 'The store or the network stalls; try again later (a run that had begun: odo resume).',
    details: { stallMs },
  });
}
