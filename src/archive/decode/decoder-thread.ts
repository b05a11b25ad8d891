import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { OdoError } from '../../errors/odo-error.ts';
import type { FromDecoder, ToDecoder } from './messages.ts';

/** The same extension as this file: .ts in a checkout, .js where it was compiled. */
const workerUrl = new URL(`./decode-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** One worker thread. `onMessage` and `onDeath` belong to the job it works on. */
export class DecoderThread {
  readonly #worker: Worker;
  #onMessage: (message: FromDecoder) => void = () => {};
  #onDeath: (error: OdoError) => void = () => {};
  #dead: OdoError | null = null;

  constructor() {
    // Only what this thread needs: its heap holds no bytes of the backup.
    this.#worker = new Worker(workerUrl, {
      name: 'odo-decoder',
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    });
    this.#worker.unref();
    this.#worker.on('message', (message: FromDecoder) => this.#onMessage(message));
    this.#worker.on('error', (cause) => this.#die(cause));
    this.#worker.on('exit', () => this.#die(undefined));
  }

  get isDead(): boolean {
    return this.#dead !== null;
  }

  post(message: ToDecoder): void {
    this.#worker.postMessage(message);
  }

  /** The process stays alive while a job has the thread. */
  attach(onMessage: (message: FromDecoder) => void, onDeath: (error: OdoError) => void): void {
    this.#onMessage = onMessage;
    this.#onDeath = onDeath;
    this.#worker.ref();
    if (this.#dead !== null) onDeath(this.#dead);
  }

  detach(): void {
    this.#onMessage = () => {};
    this.#onDeath = () => {};
    this.#worker.unref();
  }

  async terminate(): Promise<void> {
    this.detach();
    await this.#worker.terminate();
  }

  #die(cause: unknown): void {
    this.#dead ??= new OdoError('BUG', 'A decoder thread ended by itself.', { cause });
    this.#onDeath(this.#dead);
  }
}
