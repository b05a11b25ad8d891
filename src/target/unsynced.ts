import type { FileSystemSync } from './file-system-sync.ts';
import { atPath } from './fs-errors.ts';
import { inParallel } from './in-parallel.ts';
import { parallelCalls } from './walk-directory.ts';
import type { WriterCalls } from './writer-calls.ts';

/** Files from which one syncfs, with the start of a program, is cheaper than an fdatasync each: measured at 30 to 60. */
export const syncfsFromFiles = 64;

/** What was written and may not be on disk yet. */
export class Unsynced {
  readonly #root: string;
  readonly #files = new Set<string>();
  readonly #directories = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  addFile(path: string): void {
    this.#files.add(path);
  }

  /** Its names are to be on disk. */
  addDirectory(path: string): void {
    this.#directories.add(path);
  }

  /** After a file or a link was removed. */
  forget(path: string): void {
    this.#files.delete(path);
  }

  /** After a directory was removed with all that was in it. */
  forgetDirectory(path: string): void {
    const below = `${path}/`;
    for (const set of [this.#files, this.#directories]) {
      for (const known of set) if (known === path || known.startsWith(below)) set.delete(known);
    }
  }

  /** Nobody will ask for a sync of it. */
  clear(): void {
    this.#files.clear();
    this.#directories.clear();
  }

  /** `fileSystem` is null where one syncfs would not reach everything. What failed stays, and so does what is left. */
  async sync(calls: WriterCalls, fileSystem: FileSystemSync | null, signal: AbortSignal): Promise<void> {
    if (fileSystem !== null && this.#files.size >= syncfsFromFiles) {
      if (await atPath(this.#root, () => fileSystem.sync(signal))) {
        this.clear();
        return;
      }
    }
    await inParallel([...this.#files], parallelCalls, async (path) => {
      signal.throwIfAborted();
      await atPath(path, () => calls.syncFile(path));
      this.#files.delete(path);
    });
    await inParallel([...this.#directories], parallelCalls, async (path) => {
      signal.throwIfAborted();
      await atPath(path, () => calls.syncDirectory(path));
      this.#directories.delete(path);
    });
  }
}
