import type { AlignedBuffers } from './aligned-buffers.ts';
import { fsError } from './fs-errors.ts';
import type { SmallContent } from './small-contents.ts';
import type { WriteBehind } from './write-behind.ts';
import type { WriterCalls } from './writer-calls.ts';

/** Each holds a descriptor until its batch is written. */
const filesInBatch = 64;

/**
 * Gathers the contents of small files and has them written behind the caller's back, many with one message. Writing
 * takes about as long as making the files does, which the caller's thread goes on with meanwhile.
 */
export class SmallFiles {
  readonly #calls: WriterCalls;
  readonly #buffers: AlignedBuffers;
  readonly #behind: WriteBehind;
  #buffer: Uint8Array | null = null;
  #usedBytes = 0;
  #files: SmallContent[] = [];
  #paths: string[] = [];

  constructor(context: {
    readonly calls: WriterCalls;
    readonly buffers: AlignedBuffers;
    readonly behind: WriteBehind;
  }) {
    this.#calls = context.calls;
    this.#buffers = context.buffers;
    this.#behind = context.behind;
  }

  /** Where the content of one file is put, for `add`. One room at a time. @param sizeBytes at most a buffer's size */
  async room(sizeBytes: number): Promise<Uint8Array> {
    if (this.#buffers.sizeBytes - this.#usedBytes < sizeBytes) this.flush();
    this.#buffer ??= await this.#buffers.take();
    return this.#buffer.subarray(this.#usedBytes, this.#usedBytes + sizeBytes);
  }

  /** `content`, in the room handed out last, goes to `position` of the file, whose descriptor is closed behind that. */
  add(file: { path: string; fd: number; position: number }, content: Uint8Array): void {
    const { path, fd, position } = file;
    this.#files.push({ fd, position, at: content.byteOffset, length: content.byteLength });
    this.#paths.push(path);
    if (this.#buffer !== null)
      this.#usedBytes = content.byteOffset + content.byteLength - this.#buffer.byteOffset;
    if (this.#files.length === filesInBatch) this.flush();
  }

  /** What was added is on its way; no room is valid any more. The writer's `behind` says when and how it ended. */
  flush(): void {
    const [buffer, files, paths] = [this.#buffer, this.#files, this.#paths];
    this.#buffer = null;
    this.#usedBytes = 0;
    this.#files = [];
    this.#paths = [];
    if (buffer === null) return;
    if (files.length === 0) this.#buffers.give(buffer);
    else void this.#behind.follow(this.#write(buffer, files, paths));
  }

  async #write(buffer: Uint8Array, files: readonly SmallContent[], paths: readonly string[]): Promise<void> {
    try {
      const failure = await this.#calls.writeContents({ memory: buffer.buffer, files });
      if (failure !== null) throw fsError(failure.error, paths[failure.index] ?? '');
    } finally {
      this.#buffers.give(buffer);
    }
  }
}
