import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { OdoError } from '../errors/odo-error.ts';
import type { WrittenContents } from './contents-worker.ts';
import type { SmallContents, SmallContentsFailure } from './small-contents.ts';

/** The same extension as this file: .ts in a checkout, .js where it was compiled. */
const workerUrl = new URL(`./contents-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** One for the process, started with the first batch. Batches are written in their order. */
class ContentsThread {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<SmallContentsFailure[]>[] = [];
  #dead: OdoError | null = null;

  constructor() {
    this.#worker = new Worker(workerUrl, {
      name: 'odo-small-files',
      // Some files were opened by another thread.
      trackUnmanagedFds: false,
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: WrittenContents) => this.#settle(answer));
    this.#worker.on('error', (cause) => this.#die(cause));
    this.#worker.on('exit', () => this.#die(undefined));
  }

  write(contents: SmallContents): Promise<SmallContentsFailure[]> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    const answer = Promise.withResolvers<SmallContentsFailure[]>();
    // The process stays alive as long as something is being written.
    if (this.#waiting.length === 0) this.#worker.ref();
    this.#waiting.push(answer);
    this.#worker.postMessage(contents);
    return answer.promise;
  }

  #settle({ failures }: WrittenContents): void {
    const answer = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#worker.unref();
    answer?.resolve(
      failures.map(({ index, message, code }) => ({
        index,
        error: Object.assign(new Error(message), code === null ? {} : { code }),
      })),
    );
  }

  #die(cause: unknown): void {
    this.#dead ??= new OdoError('BUG', 'The thread for small files ended by itself.', { cause });
    for (const answer of this.#waiting.splice(0)) answer.reject(this.#dead);
  }
}

let thread: ContentsThread | null = null;

/** Makes, writes and closes the files in a thread of its own. Resolves with those that failed, in their order. */
export function writeContentsInThread(contents: SmallContents): Promise<SmallContentsFailure[]> {
  thread ??= new ContentsThread();
  return thread.write(contents);
}
