import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { atPath } from '../target/fs-errors.ts';

const lookEveryMs = 50;

/**
 * Hands on every line of a file that another process writes, once and in order. A server that shall outlive odo logs
 * into a file: a pipe would be closed with odo.
 */
export class FollowedFile implements AsyncDisposable {
  readonly #path: string;
  readonly #onLine: (line: string) => void;
  readonly #stop = new AbortController();
  #rest = Buffer.alloc(0);
  #position = 0;
  #following: Promise<void> = Promise.resolve();

  constructor(path: string, onLine: (line: string) => void) {
    this.#path = path;
    this.#onLine = onLine;
  }

  /** What is in the file already comes first. */
  async follow(): Promise<void> {
    const file = await atPath(this.#path, () => open(this.#path, 'r'));
    this.#following = this.#look(file);
  }

  /** Nobody writes any more: everything up to the end is handed on, a last line without its line end too. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    if (this.#rest.length > 0) this.#onLine(this.#rest.toString('utf8'));
    this.#rest = Buffer.alloc(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #look(file: FileHandle): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (;;) {
        // Read once more after the stop: what was written before it is wanted.
        const last = signal.aborted;
        await this.#readOn(file);
        if (last) return;
        await delay(lookEveryMs, undefined, { signal, ref: true }).catch(() => {});
      }
    } finally {
      await file.close();
    }
  }

  async #readOn(file: FileHandle): Promise<void> {
    const chunk = Buffer.alloc(64 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      const text = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]);
      const end = text.lastIndexOf(0x0a) + 1;
      this.#rest = text.subarray(end);
      if (end === 0) continue;
      for (const line of text.toString('utf8', 0, end - 1).split('\n')) this.#onLine(line);
    }
  }
}
