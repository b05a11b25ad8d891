import { httpError } from './http-errors.ts';
import { HttpRefusal } from './http-refusal.ts';
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
    throw new HttpRefusal(answer.status, await answer.text());
  } catch (error) {
    signal.throwIfAborted();
    throw httpError(error, attempt);
  } finally {
    clearTimeout(timer);
  }
}
