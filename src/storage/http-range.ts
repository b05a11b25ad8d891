import { OdoError } from '../errors/odo-error.ts';
import { freshBlock } from './block-pool.ts';
import { bareEtag } from './etag.ts';
import type { AnswerHead } from './http-answer.ts';
import type { Exchange, HttpConnection } from './http-connection.ts';
import { httpError } from './http-errors.ts';
import { giveConnectionBack, takeConnection } from './http-pool.ts';
import { HttpRefusal } from './http-refusal.ts';
import type { HttpRangeLocation } from './range-location.ts';
import type { RangeReading } from './range-reading.ts';
import { stallError } from './stall-limit.ts';
import { bodyTruncated, objectChanged } from './store-errors.ts';

/** More than any store's error document. @unit bytes */
const refusalLimitBytes = 64 * 1024;

/**
 * One attempt at a range over HTTP. Redirects are not followed, since the signature holds for one host only: 301 is
 * a wrong region, and a 307 of AWS (a bucket so new that its name does not resolve everywhere) passes with time, so
 * it is worth a retry.
 */
export async function readHttpRange(location: HttpRangeLocation, reading: RangeReading): Promise<void> {
  // A connection that the store closed while it lay idle shows only when it is used. Each one found is gone from the
  // pool, so this ends.
  while ((await new HttpAttempt(location, reading).outcome) === 'stale connection')
    reading.signal.throwIfAborted();
}

class HttpAttempt implements Exchange {
  readonly #location: HttpRangeLocation;
  readonly #reading: RangeReading;
  readonly #connection: HttpConnection;
  readonly #settled = Promise.withResolvers<'read' | 'stale connection'>();
  readonly #wanted: number;
  #got = 0;
  #isSettled = false;
  /** Set when the store refuses. */
  #refusal: { readonly status: number; body: Buffer } | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(location: HttpRangeLocation, reading: RangeReading) {
    this.#location = location;
    this.#reading = reading;
    this.#wanted = location.range.to - location.range.from;
    reading.signal.addEventListener('abort', this.#abort, { once: true });
    const { connectTimeoutMs } = location;
    this.#limit(connectTimeoutMs, () => this.#foreign(new SilentStore('no connection', connectTimeoutMs)));
    this.#connection = takeConnection(location);
    try {
      this.#connection.send(location, this, () => giveConnectionBack(location, this.#connection));
    } catch (error) {
      this.#fail(error);
    }
  }

  get outcome(): Promise<'read' | 'stale connection'> {
    return this.#settled.promise;
  }

  connected(): void {
    const { answerTimeoutMs } = this.#location;
    this.#limit(answerTimeoutMs, () => this.#foreign(new SilentStore('no answer', answerTimeoutMs)));
  }

  head(head: AnswerHead): void {
    if (head.status < 200 || head.status > 299) {
      this.#refusal = { status: head.status, body: Buffer.alloc(0) };
      return;
    }
    const wrong = this.#wrongAnswer(head);
    if (wrong !== null) {
      this.#fail(wrong);
      return;
    }
    const { stallMs } = this.#reading;
    this.#limit(stallMs, () => stallError(this.#location.key, stallMs));
  }

  body(bytes: Uint8Array): void {
    if (this.#refusal !== null) {
      this.#refusal.body = Buffer.concat([this.#refusal.body, bytes]);
      if (this.#refusal.body.length >= refusalLimitBytes) this.#fail(this.#refused(this.#refusal));
      return;
    }
    if (this.#isSettled) {
      // More than was asked for: not worth waiting for its end.
      this.#connection.destroy();
      return;
    }
    this.#timer?.refresh();
    const missing = this.#wanted - this.#got;
    const useful = bytes.length > missing ? bytes.subarray(0, missing) : bytes;
    this.#got += useful.length;
    this.#reading.onBytes(useful);
    if (this.#got < this.#wanted) return;
    this.#end(() => this.#settled.resolve('read'));
    if (useful.length < bytes.length) this.#connection.destroy();
    else this.#connection.linger();
  }

  allocate(missing: number): Uint8Array {
    // An answer that is longer than the range, or an error's body, may claim any length.
    const useful = Math.min(missing, this.#wanted - this.#got);
    return this.#refusal === null && useful > 0
      ? this.#reading.allocate(useful)
      : freshBlock(Math.min(missing, 65_536));
  }

  end(): void {
    const { got, wanted } = { got: this.#got, wanted: this.#wanted };
    const error =
      this.#refusal === null ? bodyTruncated(this.#location, { got, wanted }) : this.#refused(this.#refusal);
    this.#end(() => this.#settled.reject(error));
  }

  failed(error: Error): void {
    if (this.#connection.mayBeStale) this.#end(() => this.#settled.resolve('stale connection'));
    // What the store began to say counts more than that it broke off.
    else this.#fail(this.#refusal === null ? this.#foreign(error) : this.#refused(this.#refusal));
  }

  readonly #abort = () => this.#fail(this.#reading.signal.reason);

  #wrongAnswer({ status, headers }: AnswerHead): OdoError | null {
    const { key, endpoint, etag, etagHeader = 'etag', range } = this.#location;
    // Some stores ignore If-Match, so the answer's own ETag is compared too.
    const seen = bareEtag(headers.get(etagHeader));
    if (seen !== '' && etag !== '' && seen !== etag)
      return objectChanged(this.#location, 'has another ETag than before');
    const contentRange = headers.get('content-range') ?? null;
    const [, start] = /^bytes (\d+)-/.exec(contentRange ?? '') ?? [];
    if (status === 206 && start !== undefined && Number(start) === range.from) return null;
    return new OdoError(
      'STORAGE_UNAVAILABLE',
      `${endpoint} did not answer with the part of ${key} that was asked for.`,
      {
        hint: 'A proxy between here and the store may drop Range headers; use the store’s own endpoint.',
        details: { key, from: range.from, status, range: contentRange },
      },
    );
  }

  #refused({ status, body }: { readonly status: number; readonly body: Buffer }): OdoError {
    return this.#foreign(new HttpRefusal(status, body.toString('utf8')));
  }

  #foreign(error: Error): OdoError {
    return httpError(error, this.#location);
  }

  #limit(ms: number, error: () => OdoError): void {
    clearTimeout(this.#timer);
    if (!this.#isSettled) this.#timer = setTimeout(() => this.#fail(error()), ms);
  }

  #fail(error: unknown): void {
    this.#end(() => this.#settled.reject(error));
    this.#connection.destroy();
  }

  #end(settle: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#reading.signal.removeEventListener('abort', this.#abort);
    settle();
  }
}

/** Named as `storeError` knows a timeout. */
class SilentStore extends Error {
  override readonly name = 'TimeoutError';

  constructor(what: string, ms: number) {
    super(`${what} within ${ms / 1000} s`);
  }
}
