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
  #files = new Set<string>();
  #directories = new Set<string>();
  /** On their way to the disk. */
  readonly #taken = new Set<Unsynced>();

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
    for (const taken of this.#taken) taken.forget(path);
  }

  /** After a directory was removed with all that was in it. */
  forgetDirectory(path: string): void {
    const below = `${path}/`;
    for (const set of [this.#files, this.#directories]) {
      for (const known of set) if (known === path || known.startsWith(below)) set.delete(known);
    }
    for (const taken of this.#taken) taken.forgetDirectory(path);
  }

  /** Nobody will ask for a sync of it. */
  clear(): void {
    this.#files.clear();
    this.#directories.clear();
  }

  /** Everything until now, for its own `sync`; what is added from here on is another one's. */
  take(): Unsynced {
    const taken = new Unsynced(this.#root);
    [taken.#files, this.#files] = [this.#files, taken.#files];
    [taken.#directories, this.#directories] = [this.#directories, taken.#directories];
    this.#taken.add(taken);
    return taken;
  }

  /** Brings what `take` gave to disk. `fileSystem` is null where one syncfs would not reach everything. */
  async sync(
    taken: Unsynced,
    means: { calls: WriterCalls; fileSystem: FileSystemSync | null; signal: AbortSignal },
  ): Promise<void> {
    try {
      await taken.#sync(means);
    } finally {
      this.#taken.delete(taken);
    }
  }

  async #sync({ calls, fileSystem, signal }: Parameters<Unsynced['sync']>[1]): Promise<void> {
    if (fileSystem !== null && this.#files.size >= syncfsFromFiles) {
      if (await atPath(this.#root, () => fileSystem.sync(signal))) return;
    }
    for (const [paths, sync] of [
      [this.#files, calls.syncFile],
      [this.#directories, calls.syncDirectory],
    ] as const) {
      await inParallel([...paths], parallelCalls, async (path) => {
        signal.throwIfAborted();
        try {
          if (paths.has(path)) await atPath(path, () => sync(path));
        } catch (error) {
          // Somebody has removed it meanwhile.
          if (paths.has(path)) throw error;
        }
      });
    }
  }
}
