import pRetry from 'p-retry';
import { errorKinds } from '../errors/codes.ts';
import { errorCode } from '../errors/odo-error.ts';

/** Whether trying again can help; an error that odo does not know is not worth it. */
export function isRetryable(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && errorKinds[code].retryable;
}

/** A call of the store, made again with back-off as long as that can help. @param attempts in all @default 4 */
export function withRetries<Output>(
  signal: AbortSignal,
  work: () => Promise<Output>,
  attempts = 4,
  mayRetry: (error: unknown) => boolean = isRetryable,
): Promise<Output> {
  return pRetry(work, { retries: attempts - 1, signal, shouldRetry: ({ error }) => mayRetry(error) });
}
