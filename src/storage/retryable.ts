import { errorKinds } from '../errors/codes.ts';
import { errorCode } from '../errors/odo-error.ts';

/** Whether trying again can help; an error that odo does not know is not worth it. */
export function isRetryable(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && errorKinds[code].retryable;
}
