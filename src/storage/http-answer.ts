export interface AnswerHead {
  readonly status: number;
  /** By lower-case name; repeated ones joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface AnswerConsumer {
  head(head: AnswerHead): void;
  /** The bytes are the consumer's to keep. */
  body(bytes: Uint8Array): void;
  end(): void;
  /** Memory for the next bytes of the body, of which so many are missing. */
  allocate(missing: number): Uint8Array;
}

/** Reads of a body whose length is not known. @unit bytes */
const pieceBytes = 64 * 1024;
/** Node allows 16 KiB of headers. @unit bytes */
const headLimitBytes = 64 * 1024;

/** What the peer sent is not an answer by RFC 9112. Named as `storeError` knows it. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/**
 * One answer to a GET (RFC 9112). Says where the next bytes shall land: those of a body of known length go from the
 * socket straight to where they stay.
 */
export class HttpAnswer {
  readonly #consumer: AnswerConsumer;
  #stage: 'head' | 'length' | 'chunked' | 'until close' | 'done' = 'head';
  #head = '';
  /** Of the body, or of a chunk. @unit bytes */
  #left = 0;
  #line = '';
  #isInTrailers = false;
  #block: Uint8Array = new Uint8Array(0);
  #keepsAlive = false;

  constructor(consumer: AnswerConsumer) {
    this.#consumer = consumer;
  }

  get isDone(): boolean {
    return this.#stage === 'done';
  }

  /** Whether the connection can carry another request after this answer. */
  get keepsAlive(): boolean {
    return this.isDone && this.#keepsAlive;
  }

  /** Where the next bytes shall land; null: anywhere, they are copied. */
  room(): Uint8Array | null {
    if (this.#stage === 'head' || this.#stage === 'done') return null;
    if (this.#stage !== 'length') return Buffer.allocUnsafeSlow(pieceBytes);
    if (this.#block.length === 0) this.#block = this.#consumer.allocate(this.#left);
    return this.#block;
  }

  /** The next bytes; they lie in `room()` unless that was null. @throws MalformedAnswer, and what the consumer throws */
  take(bytes: Uint8Array): void {
    switch (this.#stage) {
      case 'head':
        this.#takeHead(bytes);
        break;
      case 'length':
        this.#takeLength(bytes);
        break;
      case 'chunked':
        this.#takeChunked(bytes);
        break;
      case 'until close':
        this.#consumer.body(bytes);
        break;
      case 'done':
        if (bytes.length > 0) this.#keepsAlive = false;
        break;
    }
  }

  /** The peer closed the connection. False when the answer was not at its end. */
  closed(): boolean {
    if (this.#stage === 'until close') this.#done();
    return this.isDone;
  }

  #done(): void {
    this.#stage = 'done';
    this.#consumer.end();
  }

  #takeHead(bytes: Uint8Array): void {
    const before = this.#head.length;
    this.#head += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end === -1) {
      if (this.#head.length > headLimitBytes) throw new MalformedAnswer('The headers do not end.');
      return;
    }
    const head = parseHead(this.#head.slice(0, end));
    // The rest lies in memory that will be overwritten.
    const rest = Uint8Array.from(bytes.subarray(end + 4 - before));
    this.#head = '';
    if (head.status >= 200) this.#begin(head);
    if (rest.length > 0) this.take(rest);
  }

  #begin(head: AnswerHead): void {
    const { headers, status } = head;
    const words = (name: string) => (headers.get(name) ?? '').toLowerCase().split(/\s*,\s*/);
    this.#keepsAlive = !words('connection').includes('close') && !headers.has(oldVersion);
    const length = headers.get('content-length');
    if (status === 204 || status === 304) this.#stage = 'length';
    else if (headers.has('transfer-encoding')) {
      if (words('transfer-encoding').at(-1) !== 'chunked')
        throw new MalformedAnswer('An unknown transfer coding.');
      this.#stage = 'chunked';
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) throw new MalformedAnswer('The body’s length is not a number.');
      this.#stage = 'length';
      this.#left = Number(length);
    } else {
      this.#stage = 'until close';
      this.#keepsAlive = false;
    }
    this.#consumer.head(head);
    if (this.#stage === 'length' && this.#left === 0) this.#done();
  }

  #takeLength(bytes: Uint8Array): void {
    const useful = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= useful.length;
    // Unless they were copied out of a read that began with the head.
    if (useful.buffer === this.#block.buffer) this.#block = this.#block.subarray(useful.length);
    this.#consumer.body(useful);
    if (this.#left > 0) return;
    if (useful.length < bytes.length) this.#keepsAlive = false;
    this.#done();
  }

  #takeChunked(all: Uint8Array): void {
    for (let bytes = all; bytes.length > 0; ) {
      if (this.#stage === 'done') return this.take(bytes);
      if (this.#left > 0) {
        const piece = bytes.subarray(0, this.#left);
        this.#left -= piece.length;
        bytes = bytes.subarray(piece.length);
        this.#consumer.body(piece);
        continue;
      }
      const newline = bytes.indexOf(0x0a);
      const end = newline === -1 ? bytes.length : newline + 1;
      this.#line += String.fromCharCode(...bytes.subarray(0, Math.min(end, 4096)));
      if (this.#line.length > 4096) throw new MalformedAnswer('A chunk’s line does not end.');
      bytes = bytes.subarray(end);
      if (newline !== -1) this.#endLine();
    }
  }

  /** A chunk's size, the empty line behind its data, or a trailer. */
  #endLine(): void {
    const line = this.#line.trimEnd();
    this.#line = '';
    if (this.#isInTrailers) {
      if (line === '') this.#done();
      return;
    }
    if (line === '') return;
    const [, size] = /^([0-9a-fA-F]{1,12})\s*(?:;.*)?$/.exec(line) ?? [];
    if (size === undefined) throw new MalformedAnswer('A chunk has no size.');
    this.#left = Number.parseInt(size, 16);
    this.#isInTrailers = this.#left === 0;
  }
}

/** No header's name: marks an answer of HTTP/1.0, after which the connection is closed. */
const oldVersion = ':http/1.0';

function parseHead(text: string): AnswerHead {
  const [first = '', ...lines] = text.split('\r\n');
  const [, minor, status] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first) ?? [];
  if (status === undefined) throw new MalformedAnswer('The answer is not HTTP/1.1.');
  const headers = new Map<string, string>();
  if (minor === '0') headers.set(oldVersion, '');
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new MalformedAnswer('A header has no name.');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined || earlier === value ? value : `${earlier}, ${value}`);
  }
  return { status: Number(status), headers };
}
