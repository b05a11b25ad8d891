import type { OdoError } from '../errors/odo-error.ts';
import { type ErrorData, fromErrorData } from '../errors/serialize.ts';

/** Words at the memory's beginning. */
const written = 0;
const outcome = 1;
const isUnwanted = 2;
const version = 3;
const errorLength = 4;
const wordBytes = 32;

/** An error as JSON fits in here, or is cut down to its sentence. @unit bytes */
const errorBytes = 8 * 1024;

const outcomes = ['running', 'done', 'failed'] as const;

/**
 * One range on its way between two threads: how far it has come, what became of it, and its bytes. As large as the
 * range, so that no more can ever wait than was asked for.
 */
export class RelayMemory {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #error: Uint8Array;
  /** Where the range's bytes lie. */
  readonly bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, wordBytes / 4);
    this.#error = new Uint8Array(memory, wordBytes, errorBytes);
    this.bytes = new Uint8Array(memory, wordBytes + errorBytes);
  }

  static forBytes(count: number): RelayMemory {
    return new RelayMemory(new SharedArrayBuffer(wordBytes + errorBytes + count));
  }

  /** Bytes that are there, from the range's beginning. @unit bytes */
  get written(): number {
    return Atomics.load(this.#words, written);
  }

  get outcome(): (typeof outcomes)[number] {
    return outcomes[Atomics.load(this.#words, outcome)] ?? 'failed';
  }

  /** Whether the reader has gone. */
  get isUnwanted(): boolean {
    return Atomics.load(this.#words, isUnwanted) === 1;
  }

  /** Counts what the writer did; for `changed`. */
  get version(): number {
    return Atomics.load(this.#words, version);
  }

  get error(): OdoError {
    const text = Buffer.from(this.#error.slice(0, Atomics.load(this.#words, errorLength))).toString();
    return fromErrorData(JSON.parse(text) as ErrorData);
  }

  advance(bytes: number): void {
    Atomics.store(this.#words, written, bytes);
    this.#tell();
  }

  end(error: ErrorData | null): void {
    if (error !== null) {
      const whole = Buffer.from(JSON.stringify(error));
      const { code, message } = error;
      const short = Buffer.from(JSON.stringify({ code, message: message.slice(0, 500), causes: [] }));
      const text = whole.length <= errorBytes ? whole : short;
      this.#error.set(text);
      Atomics.store(this.#words, errorLength, text.length);
    }
    Atomics.store(this.#words, outcome, error === null ? 1 : 2);
    this.#tell();
  }

  giveUp(): void {
    Atomics.store(this.#words, isUnwanted, 1);
  }

  /** Resolves when the writer did something since it had `seen`. */
  async changed(seen: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#words, version, seen);
    if (wait.async) await wait.value;
  }

  #tell(): void {
    Atomics.add(this.#words, version, 1);
    Atomics.notify(this.#words, version);
  }
}
