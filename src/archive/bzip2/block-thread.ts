import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { OdoError } from '../../errors/odo-error.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import type { BlockOutcome } from './block-decoder.ts';
import type { BlockThreadData, FromBlockThread, ToBlockThread } from './block-messages.ts';
import type { BlockPlace } from './stream-reader.ts';

/** The same extension as this file: .ts in a checkout, .js where it was compiled. */
const workerUrl = new URL(`./block-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

export type ThreadOutput =
  | { readonly bytes: Uint8Array; readonly isLast: boolean; readonly slot: number }
  | { readonly fault: string };

type Result = Exclude<FromBlockThread, { type: 'ready' }>;

/** One block that a thread decodes: first its outcome, then its output, piece after piece. */
export class BlockRun {
  readonly #thread: BlockThread;
  readonly #arrived: Result[] = [];
  #wake = Promise.withResolvers<void>();
  #isDropped = false;

  constructor(thread: BlockThread) {
    this.#thread = thread;
  }

  async outcome(): Promise<BlockOutcome> {
    const message = await this.#next();
    if (message.type !== 'outcome')
      throw new OdoError('BUG', `A block thread answered with ${message.type}.`);
    return message.outcome;
  }

  /** Valid until its slot is released. */
  async output(): Promise<ThreadOutput> {
    const message = await this.#next();
    if (message.type === 'fault') return { fault: message.fault };
    if (message.type !== 'output') throw new OdoError('BUG', `A block thread answered with ${message.type}.`);
    const { slot, at, length, isLast } = message;
    return { bytes: this.#thread.bytesAt(at, length), isLast, slot };
  }

  release(slot: number): void {
    this.#thread.release(slot);
  }

  /** What it makes is not wanted: there was no block. */
  drop(): void {
    this.#isDropped = true;
    for (const message of this.#arrived.splice(0)) if (message.type === 'output') this.release(message.slot);
  }

  /** For the thread. */
  receive(message: Result): void {
    if (!this.#isDropped) this.#arrived.push(message);
    else if (message.type === 'output') this.release(message.slot);
    this.wake();
  }

  wake(): void {
    this.#wake.resolve();
  }

  async #next(): Promise<Result> {
    for (;;) {
      const message = this.#arrived.shift();
      if (message !== undefined) return message;
      this.#thread.requireLife();
      this.#wake = Promise.withResolvers<void>();
      await this.#wake.promise;
    }
  }
}

/** One thread that decodes blocks. It is idle when all output of its last block was written, if not yet taken. */
export class BlockThread {
  readonly #worker: Worker;
  readonly #bytes: Uint8Array;
  readonly #inputAt: number;
  #run: BlockRun | null = null;
  #dead: OdoError | null = null;
  /** Called whenever the thread has become idle, or has died. */
  onIdle: () => void = () => {};

  static async start(options: BlockThreadData): Promise<BlockThread> {
    const worker = new Worker(workerUrl, {
      name: 'odo-block',
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    const ready = Promise.withResolvers<Extract<FromBlockThread, { type: 'ready' }>>();
    worker.once('message', ready.resolve);
    worker.once('error', ready.reject);
    worker.once('exit', () => ready.reject(endedByItself(undefined)));
    const { memory, inputAt } = await ready.promise;
    worker.off('error', ready.reject);
    return new BlockThread(worker, new Uint8Array(memory.buffer), inputAt);
  }

  private constructor(worker: Worker, bytes: Uint8Array, inputAt: number) {
    this.#worker = worker;
    this.#bytes = bytes;
    this.#inputAt = inputAt;
    worker.on('message', (message: Result) => this.#receive(message));
    worker.on('error', (cause) => this.#die(cause));
    worker.on('exit', () => this.#die(undefined));
  }

  get isIdle(): boolean {
    return this.#run === null && this.#dead === null;
  }

  decode({ bytes, bit }: BlockPlace): BlockRun {
    copyBytes(bytes, this.#bytes, this.#inputAt);
    const run = new BlockRun(this);
    this.#run = run;
    this.#post({ type: 'decode', length: bytes.length, bit });
    return run;
  }

  release(slot: number): void {
    this.#post({ type: 'release', slot });
  }

  bytesAt(at: number, length: number): Uint8Array {
    return this.#bytes.subarray(at, at + length);
  }

  /** @throws BUG when the thread has died */
  requireLife(): void {
    if (this.#dead !== null) throw this.#dead;
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #post(message: ToBlockThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: Result): void {
    const run = this.#run;
    const isEnd =
      message.type === 'fault' ||
      (message.type === 'output' && message.isLast) ||
      (message.type === 'outcome' && (message.outcome === 'need-input' || 'fault' in message.outcome));
    if (isEnd) this.#run = null;
    run?.receive(message);
    if (isEnd) this.onIdle();
  }

  #die(cause: unknown): void {
    this.#dead ??= endedByItself(cause);
    this.#run?.wake();
    this.onIdle();
  }
}

function endedByItself(cause: unknown): OdoError {
  return new OdoError('BUG', 'A thread that decodes blocks ended by itself.', { cause });
}
