import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { SegmentScan } from '../../archive/wal-scan/segment-scan.ts';
import { OdoError } from '../../errors/odo-error.ts';
import { fromErrorData, toErrorData } from '../../errors/serialize.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { FromScanner, ScanJob, ToScanner } from './messages.ts';

/** The same extension as this file: .ts in a checkout, .js where it was compiled. */
const workerUrl = new URL(`./scan-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** One thread that scans segments, one at a time. */
export class ScanThread {
  readonly #worker: Worker;
  readonly #storage: Pick<ObjectStorage, 'locate'>;
  readonly #signal: AbortSignal;
  #answer: PromiseWithResolvers<SegmentScan> | null = null;
  #job: ScanJob | null = null;
  /** Or it has ended by itself. */
  readonly #started = Promise.withResolvers<void>();

  constructor(storage: Pick<ObjectStorage, 'locate'>, signal: AbortSignal) {
    this.#storage = storage;
    this.#signal = signal;
    this.#worker = new Worker(workerUrl, {
      name: 'odo-wal-scan',
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    });
    this.#worker.on('message', (message: FromScanner) => this.#receive(message));
    this.#worker.on('error', (cause) => this.#end(cause));
    this.#worker.on('exit', () => this.#end(undefined));
  }

  /** @throws what reading and unpacking the object ends with; the signal's reason, at once */
  async scan(job: ScanJob): Promise<SegmentScan> {
    this.#signal.throwIfAborted();
    const answer = Promise.withResolvers<SegmentScan>();
    this.#answer = answer;
    this.#job = job;
    const stop = () => answer.reject(this.#signal.reason);
    this.#signal.addEventListener('abort', stop, { once: true });
    this.#post({ type: 'scan', job });
    try {
      return await answer.promise;
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }

  /** Ends the thread, whatever it is at, but for its start: to end a thread that loads its modules can end the process. */
  async terminate(): Promise<void> {
    this.#answer = null;
    await this.#started.promise;
    await this.#worker.terminate();
  }

  #post(message: ToScanner): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromScanner): void {
    switch (message.type) {
      case 'ready':
        this.#started.resolve();
        break;
      case 'scanned':
        this.#answer?.resolve(message.scan);
        break;
      case 'failed':
        this.#fail(fromErrorData(message.error));
        break;
      case 'locate':
        this.#locate(message);
        break;
    }
  }

  #locate({ id, range }: Extract<FromScanner, { type: 'locate' }>): void {
    const object = this.#job?.object;
    if (object === undefined) return;
    this.#storage.locate(object, range, this.#signal).then(
      (location) => this.#post({ type: 'located', id, location }),
      (error: unknown) => this.#post({ type: 'not-located', id, error: toErrorData(error) }),
    );
  }

  #end(cause: unknown): void {
    this.#started.resolve();
    this.#fail(endedByItself(cause));
  }

  #fail(error: unknown): void {
    this.#answer?.reject(error);
  }
}

function endedByItself(cause: unknown): OdoError {
  return new OdoError('BUG', 'A thread that scans WAL ended by itself.', { cause });
}
