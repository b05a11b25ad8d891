import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { OdoError } from '../errors/odo-error.ts';
import { type AnswerConsumer, HttpAnswer } from './http-answer.ts';
import type { HttpRangeLocation } from './range-location.ts';

export interface Exchange extends AnswerConsumer {
  /** The connection stands and the request is on its way. */
  connected(): void;
  /** Nothing more comes. */
  failed(error: Error): void;
}

/** Where heads land, and what nobody waits for. @unit bytes */
const scratchBytes = 16 * 1024;

/** How long a store may take to end an answer whose bytes are all there. @unit ms */
const lingerMs = 1000;

/**
 * A connection to an origin, for one request at a time. Not `node:http`: its client parses and copies every piece of
 * a body in JavaScript, which costs eight times the CPU of reading into memory of our own (500 MiB over loopback:
 * 1.25 s and 0.15 s). All that is needed of HTTP is a GET.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #scratch = new Uint8Array(scratchBytes);
  /** Where the next bytes land. */
  #room: Uint8Array = this.#scratch;
  readonly #isTls: boolean;
  #exchange: Exchange | null = null;
  #answer: HttpAnswer | null = null;
  #hasServed = false;
  #hasHeard = false;
  #isReady = false;
  #error: Error | null = null;
  #whenFree: () => void = () => {};

  constructor({ protocol, hostname, port }: Pick<HttpRangeLocation, 'protocol' | 'hostname' | 'port'>) {
    this.#isTls = protocol === 'https:';
    const onread: OnReadOpts = {
      buffer: () => this.#room,
      callback: (count, buffer) => this.#read(buffer.subarray(0, count)),
    };
    // What the system trusts, and NODE_EXTRA_CA_CERTS, holds as for every other connection of Node.
    this.#socket = this.#isTls
      ? connectTls({
          host: hostname,
          port: port ?? 443,
          ALPNProtocols: ['http/1.1'],
          ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
          onread,
        } as ConnectionOptions)
      : connectTcp({ host: hostname, port: port ?? 80, onread });
    this.#socket.setNoDelay(true);
    this.#socket
      .once(this.#isTls ? 'secureConnect' : 'connect', () => {
        this.#isReady = true;
        this.#exchange?.connected();
      })
      .on('error', (error) => {
        this.#error = error;
      })
      .on('timeout', () => this.destroy())
      .on('close', () => this.#closed());
  }

  /** Whether a failure of this request before its answer may only mean that the store closed an idle connection. */
  get mayBeStale(): boolean {
    return this.#hasServed && !this.#hasHeard;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** `whenFree` is called when the answer has ended and the connection can be used again. */
  send({ path, headers }: HttpRangeLocation, exchange: Exchange, whenFree: () => void): void {
    this.#exchange = exchange;
    this.#answer = new HttpAnswer(exchange);
    this.#hasHeard = false;
    this.#whenFree = whenFree;
    this.#socket.ref();
    this.#socket.setTimeout(0);
    const lines = [
      `GET ${path} HTTP/1.1`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    if (lines.some((line) => /[\r\n\0]/.test(line))) {
      throw new OdoError('CONFIG_INVALID', 'The credentials contain a line break.', {
        hint: 'Check the variables or the file they come from.',
      });
    }
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    if (this.#isReady) exchange.connected();
  }

  /** Nobody waits for what is left of the answer; the connection ends unless the answer ends soon. */
  linger(): void {
    this.#socket.setTimeout(lingerMs);
  }

  /** Waits for the next request, for so long; does not keep the process alive. @unit ms */
  rest(idleMs: number): void {
    this.#socket.setTimeout(idleMs);
    this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Tells the socket whether to go on. */
  #read(bytes: Uint8Array): boolean {
    this.#hasHeard = true;
    try {
      // Between two requests nothing should come.
      if (this.#answer === null) this.destroy();
      else this.#answer.take(bytes);
      this.#room = this.#answer?.room() ?? this.#scratch;
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
      this.destroy();
    }
    if (this.#answer?.isDone && !this.#socket.destroyed) this.#answered(this.#answer);
    return !this.#socket.destroyed;
  }

  #answered(answer: HttpAnswer): void {
    this.#answer = null;
    this.#exchange = null;
    this.#hasServed = true;
    if (answer.keepsAlive) this.#whenFree();
    else this.destroy();
  }

  #closed(): void {
    const [exchange, answer] = [this.#exchange, this.#answer];
    this.#exchange = null;
    this.#answer = null;
    if (exchange === null) return;
    if (this.#error === null && answer?.closed()) return;
    exchange.failed(this.#error ?? new ClosedConnection());
  }
}

/** Shaped as Node's own. */
class ClosedConnection extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('The connection was closed before the answer ended.');
  }
}
