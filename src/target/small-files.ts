import type { AlignedBuffers } from './aligned-buffers.ts';
import { fsError, systemCode } from './fs-errors.ts';
import type { SmallContent } from './small-contents.ts';
import type { Owner } from './tree.ts';
import type { WriteBehind } from './write-behind.ts';
import type { WriterCalls } from './writer-calls.ts';

/** So that the thread has begun with the first of them while the last are being gathered. */
const filesInBatch = 64;

export interface SmallFilesContext {
  readonly calls: WriterCalls;
  readonly buffers: AlignedBuffers;
  readonly behind: WriteBehind;
  readonly owner: Owner | null;
  /** Removes the directory that has the name of a file. */
  readonly removeDirectory: (path: string) => Promise<void>;
}

/**
 * Gathers small files and has them made and written behind the caller's back, many with one message: what the system
 * does for a file takes about as long as what there is to do before, and two threads share that.
 */
export class SmallFiles {
  readonly #context: SmallFilesContext;
  #buffer: Uint8Array | null = null;
  #usedBytes = 0;
  #files: SmallContent[] = [];
  #paths: string[] = [];
  /** Paths of those that were added and are not yet written. */
  readonly #unwritten = new Set<string>();

  constructor(context: SmallFilesContext) {
    this.#context = context;
  }

  /** Whether a file of that path was added and may not be there yet. */
  isMaking(path: string): boolean {
    return this.#unwritten.has(path);
  }

  /** Where the content of one file is put, for `add`. One room at a time. @param sizeBytes at most a buffer's size */
  async room(sizeBytes: number): Promise<Uint8Array> {
    const { buffers } = this.#context;
    if (buffers.sizeBytes - this.#usedBytes < sizeBytes) this.flush();
    this.#buffer ??= await buffers.take();
    return this.#buffer.subarray(this.#usedBytes, this.#usedBytes + sizeBytes);
  }

  /**
   * `content`, in the room handed out last, goes to `position` of the file, which is closed behind that. `fd`: null for
   * one to make; none of that path is being made.
   */
  add(file: { path: string; fd: number | null; position: number }, content: Uint8Array): void {
    const { path, fd, position } = file;
    this.#files.push({ file: fd ?? path, position, at: content.byteOffset, length: content.byteLength });
    this.#paths.push(path);
    this.#unwritten.add(path);
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
    const { buffers, behind } = this.#context;
    if (files.length === 0) buffers.give(buffer);
    else void behind.follow(this.#write(buffer, files, paths));
  }

  async #write(buffer: Uint8Array, files: readonly SmallContent[], paths: readonly string[]): Promise<void> {
    const { calls, buffers, owner, removeDirectory } = this.#context;
    const { buffer: memory } = buffer;
    try {
      for (const { index, error } of await calls.writeContents({ memory, files, owner })) {
        const path = paths[index] ?? '';
        const content = files[index];
        if (content === undefined || typeof content.file === 'number' || systemCode(error) !== 'EEXIST')
          throw fsError(error, path);
        await removeDirectory(path);
        const [failure] = await calls.writeContents({ memory, files: [content], owner });
        if (failure !== undefined) throw fsError(failure.error, path);
      }
    } finally {
      for (const path of paths) this.#unwritten.delete(path);
      buffers.give(buffer);
    }
  }
}
