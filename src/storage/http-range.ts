import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { OdoError } from '../errors/odo-error.ts';
import { bareEtag } from './etag.ts';
import { systemCode } from './file-errors.ts';
import { startRequest } from './http-pool.ts';
import type { HttpRangeLocation } from './range-location.ts';
import type { RangeReading } from './range-reader.ts';
import { readErrorBody, S3Refusal } from './s3-answer.ts';
import { bodyTruncated, objectChanged, s3Error } from './s3-errors.ts';
import { stallError } from './stall-limit.ts';

/**
 * One attempt at a range over HTTP.
 * Redirects are not followed, since the signature holds for one host only: 301 is a wrong region, and a 307 of AWS
 * (a bucket so new that its name does not resolve everywhere) passes with time, so it is worth a retry.
 */
export async function readHttpRange(location: HttpRangeLocation, reading: RangeReading): Promise<void> {
  // A connection that the store closed while it lay idle shows only when it is used. Each one found is gone from the
  // pool, so this ends.
  while ((await new HttpAttempt(location, reading).outcome) === 'stale connection')
    reading.signal.throwIfAborted();
}

class HttpAttempt {
  readonly #location: HttpRangeLocation;
  readonly #reading: RangeReading;
  readonly #request: ClientRequest;
  readonly #settled = Promise.withResolvers<'read' | 'stale connection'>();
  readonly #wanted: number;
  #got = 0;
  #isSettled = false;
  #isAnswered = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(location: HttpRangeLocation, reading: RangeReading) {
    this.#location = location;
    this.#reading = reading;
    this.#wanted = location.range.to - location.range.from;
    this.#request = startRequest(location);
    this.#request
      .on('socket', (socket) => this.#awaitConnection(socket))
      .on('response', (answer) => this.#receive(answer))
      // From the answer on, its own events tell how it ends.
      .on('error', (error) => {
        if (!this.#isAnswered) this.#connectionFailed(error);
      })
      .on('close', () => {
        if (!this.#isAnswered) this.#connectionFailed(new ClosedConnection());
      })
      // Everything is read, but the store does not end its answer.
      .on('timeout', () => {
        if (this.#isSettled) this.#request.destroy();
      });
    reading.signal.addEventListener('abort', this.#abort, { once: true });
  }

  get outcome(): Promise<'read' | 'stale connection'> {
    return this.#settled.promise;
  }

  readonly #abort = () => this.#fail(this.#reading.signal.reason);

  #awaitConnection(socket: Socket): void {
    if (this.#isSettled) return;
    const { connectTimeoutMs, answerTimeoutMs, protocol } = this.#location;
    const awaitAnswer = () =>
      this.#limit(answerTimeoutMs, () => this.#foreign(new SilentStore('no answer', answerTimeoutMs)));
    if (!socket.connecting) return awaitAnswer();
    this.#limit(connectTimeoutMs, () => this.#foreign(new SilentStore('no connection', connectTimeoutMs)));
    socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', awaitAnswer);
  }

  #receive(answer: IncomingMessage): void {
    this.#isAnswered = true;
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) {
      readErrorBody(answer).then(
        (body) => this.#end(() => this.#settled.reject(this.#foreign(new S3Refusal(status, body)))),
        (error: unknown) => this.#fail(error),
      );
      return;
    }
    const wrong = this.#wrongAnswer(answer);
    answer.on('error', (error) => this.#connectionFailed(error));
    if (wrong !== null) {
      this.#fail(wrong);
      return;
    }
    const { stallMs } = this.#reading;
    this.#limit(stallMs, () => stallError(this.#location.key, stallMs));
    answer.on('data', (bytes: Buffer) => this.#take(bytes));
    answer.on('end', () => {
      if (!this.#isSettled)
        this.#fail(bodyTruncated(this.#location, { got: this.#got, wanted: this.#wanted }));
    });
  }

  #take(bytes: Buffer): void {
    if (this.#isSettled) {
      // More than was asked for: not worth waiting for its end.
      this.#request.destroy();
      return;
    }
    this.#timer?.refresh();
    const missing = this.#wanted - this.#got;
    const useful = bytes.length > missing ? bytes.subarray(0, missing) : bytes;
    this.#got += useful.length;
    try {
      this.#reading.onBytes(useful);
    } catch (error) {
      this.#fail(error);
      return;
    }
    // The rest of the answer is its end, after which the connection can be used again.
    if (this.#got === this.#wanted) this.#end(() => this.#settled.resolve('read'));
    if (useful.length < bytes.length) this.#request.destroy();
  }

  #wrongAnswer(answer: IncomingMessage): OdoError | null {
    const { key, endpoint, etag, range } = this.#location;
    // Some stores ignore If-Match, so the answer's own ETag is compared too.
    const seen = bareEtag(answer.headers.etag);
    if (seen !== '' && etag !== '' && seen !== etag)
      return objectChanged(this.#location, 'has another ETag than before');
    const contentRange = answer.headers['content-range'];
    const [, start] = /^bytes (\d+)-/.exec(contentRange ?? '') ?? [];
    if (answer.statusCode === 206 && start !== undefined && Number(start) === range.from) return null;
    return new OdoError(
      'STORAGE_UNAVAILABLE',
      `${endpoint} did not answer with the part of ${key} that was asked for.`,
      {
        hint: 'A proxy between here and the store may drop Range headers; use the store’s own endpoint.',
        details: { key, from: range.from, status: answer.statusCode, range: contentRange ?? null },
      },
    );
  }

  #connectionFailed(error: Error): void {
    const isStale =
      !this.#isAnswered &&
      this.#request.reusedSocket &&
      ['ECONNRESET', 'EPIPE'].includes(systemCode(error) ?? '');
    if (isStale) this.#end(() => this.#settled.resolve('stale connection'));
    else this.#fail(this.#foreign(error));
  }

  #foreign(error: Error): OdoError {
    return s3Error(error, this.#location);
  }

  #limit(ms: number, error: () => OdoError): void {
    clearTimeout(this.#timer);
    if (!this.#isSettled) this.#timer = setTimeout(() => this.#fail(error()), ms);
  }

  #fail(error: unknown): void {
    this.#end(() => this.#settled.reject(error));
    this.#request.destroy();
  }

  #end(settle: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#reading.signal.removeEventListener('abort', this.#abort);
    settle();
  }
}

/** Named as `s3Error` knows a timeout. */
class SilentStore extends Error {
  override readonly name = 'TimeoutError';

  constructor(what: string, ms: number) {
    super(`${what} within ${ms / 1000} s`);
  }
}

class ClosedConnection extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('The connection was closed before the answer ended.');
  }
}
