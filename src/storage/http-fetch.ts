import { Readable } from 'node:stream';
import { httpError } from './http-errors.ts';
import { HttpRefusal } from './http-refusal.ts';
import { readAll, type WholeReading } from './small-object.ts';
import type { StoreAttempt } from './store-errors.ts';

export interface FetchOptions {
  readonly attempt: StoreAttempt;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  /** Until the answer's headers. @unit ms */
  readonly answerTimeoutMs: number;
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** One request for something small; redirects are not followed. @throws what `httpError` makes of a refusal */
export async function fetchOnce(url: string, options: FetchOptions): Promise<Response> {
  const { attempt, signal, headers, answerTimeoutMs, method = 'GET', body } = options;
  signal.throwIfAborted();
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(Object.assign(new Error('no answer'), { name: 'TimeoutError' })),
    answerTimeoutMs,
  );
  try {
    const answer = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([signal, silence.signal]),
      ...(body === undefined ? {} : { body }),
    });
    if (answer.ok) return answer;
    throw new HttpRefusal(answer.status, await beginningOf(answer));
  } catch (error) {
    signal.throwIfAborted();
    throw httpError(error, attempt);
  } finally {
    clearTimeout(timer);
  }
}

/** More than any store's error document. @unit bytes */
const refusalLimitBytes = 64 * 1024;

async function beginningOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    pieces.push(piece);
    bytes += piece.length;
    // Leaving the loop closes the connection.
    if (bytes >= refusalLimitBytes) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The whole body of an answer of `fetchOnce`. @throws OBJECT_TRUNCATED, FORMAT_UNKNOWN when it is far from small */
export function readAnswer(
  { body }: Response,
  reading: Omit<WholeReading, 'translate'>,
): Promise<Uint8Array> {
  return readAll(body === null ? Readable.from([]) : Readable.fromWeb(body), {
    ...reading,
    translate: (error) => httpError(error, reading.attempt),
  });
}
