import { addAbortSignal, Readable } from 'node:stream';
import { OdoError } from '../errors/odo-error.ts';
import { withStallLimit } from './stall-limit.ts';
import { bodyTruncated, placeOf, type StoreAttempt } from './store-errors.ts';

/** `readSmall` holds the whole object in memory; a manifest of a million files has about 150 MB. */
const smallObjectLimitBytes = 512 * 1024 * 1024;

export interface WholeReading {
  readonly attempt: StoreAttempt;
  /** Null: the answer does not say. @unit bytes */
  readonly expectedBytes: number | null;
  /** Longest wait between two pieces. @unit ms */
  readonly stallMs: number;
  readonly signal: AbortSignal;
  readonly translate: (error: unknown) => OdoError;
}

/** The whole body of a small object, a stream of Node. @throws OBJECT_TRUNCATED, FORMAT_UNKNOWN when it is far from small */
export async function readAll(
  body: unknown,
  { attempt, expectedBytes, stallMs, signal, translate }: WholeReading,
): Promise<Uint8Array> {
  const what = attempt.key ?? placeOf(attempt);
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (!(body instanceof Readable)) throw translate(new Error('The answer has no body.'));
  const pieces = (inner: AbortSignal) => piecesOf(body, inner, { signal, translate });
  for await (const chunk of withStallLimit(pieces, { stallMs, signal, what })) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > smallObjectLimitBytes) {
      throw new OdoError(
        'FORMAT_UNKNOWN',
        `${what} in ${placeOf(attempt)} is too large to be what its name says.`,
        {
          hint: 'Look at the object; it should be small text.',
          details: { key: what },
        },
      );
    }
  }
  if (expectedBytes !== null && length !== expectedBytes)
    throw bodyTruncated(attempt, { got: length, wanted: expectedBytes });
  return Buffer.concat(chunks, length);
}

async function* piecesOf(
  body: Readable,
  inner: AbortSignal,
  { signal, translate }: Pick<WholeReading, 'signal' | 'translate'>,
): AsyncGenerator<Uint8Array> {
  addAbortSignal(AbortSignal.any([inner]), body);
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (error) {
    signal.throwIfAborted();
    throw translate(error);
  } finally {
    body.destroy();
  }
}
