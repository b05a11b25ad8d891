import { createHmac } from 'node:crypto';
import pRetry, { AbortError } from 'p-retry';
import { OdoError } from '../../errors/odo-error.ts';
import { odoVersion } from '../odo-version.ts';

interface Notification {
  readonly url: string;
  /** JSON. */
  readonly body: string;
  /** The same for every delivery of one message, so that a receiver can tell a repetition. */
  readonly id: string;
  /** Null: it is not signed. */
  readonly secret: string | null;
}

export interface NotifyOptions {
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
  /** One attempt may take so long, and all of them together. */
  readonly attemptMs?: number;
  readonly totalMs?: number;
  /** Before the second attempt; doubled before each one more. */
  readonly pauseMs?: number;
}

const mostRetries = 8;

/**
 * Posts a message until it is taken: again with growing pauses when the receiver is away, busy or broken, never when it
 * refuses. A redirect is not followed: what is signed for one receiver is not for another.
 * @throws STEP_FAILED with why it could not be delivered, without the path of the address, which may be a secret
 */
export async function notify(notification: Notification, options: NotifyOptions): Promise<void> {
  const { signal, nowMs = Date.now, attemptMs = 10_000, totalMs = 60_000, pauseMs = 500 } = options;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(totalMs)]);
  try {
    await pRetry(() => post(notification, { nowMs, attemptMs, signal: deadline }), {
      retries: mostRetries,
      minTimeout: pauseMs,
      factor: 2,
      randomize: true,
      signal: deadline,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new OdoError('STEP_FAILED', `${originOf(notification.url)} was not notified: ${reasonOf(error)}.`);
  }
}

async function post(
  { url, body, id, secret }: Notification,
  { nowMs, attemptMs, signal }: { nowMs: () => number; attemptMs: number; signal: AbortSignal },
): Promise<void> {
  const timestamp = Math.floor(nowMs() / 1000);
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'content-type': 'application/json',
      'user-agent': `odo/${odoVersion}`,
      'odo-delivery': id,
      ...(secret === null ? {} : { 'odo-signature': signatureOf(secret, timestamp, body) }),
    },
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
  });
  // Nothing of the answer is wanted, however long it is.
  await response.body?.cancel().catch(() => {});
  if (response.ok) return;
  const { status } = response;
  const failure = new OdoError('STEP_FAILED', statusText(status));
  throw status >= 500 || status === 429 || status === 408 ? failure : new AbortError(failure);
}

const statusText = (status: number): string =>
  status >= 300 && status < 400
    ? `it answers ${status} and leads elsewhere; give the address it leads to`
    : `it answers ${status}`;

/**
 * `t=1764280000,v1=…`: HMAC with SHA-256 over the time, a dot and the body, in hexadecimal. With the time in it, a
 * receiver can refuse what was recorded and sent again.
 */
const signatureOf = (secret: string, timestamp: number, body: string): string =>
  `t=${timestamp},v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;

/** The path and the query of a webhook are often all there is to know about it. */
export function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return 'the address of --notify';
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it does not answer in time';
  // `fetch failed` says nothing, its cause does; the code, because the message may repeat the address.
  const { cause } = error;
  if (error instanceof OdoError) return error.message;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : null;
  return typeof code === 'string' ? code : error.message;
}
