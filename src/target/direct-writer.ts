import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { DirectoryGuard } from './directory-guard.ts';
import { syncDirectory, syncFile } from './durable-fs.ts';
import { atPath, systemCode } from './fs-errors.ts';
import { inParallel } from './in-parallel.ts';
import type { TreeWriter } from './tree.ts';
import { splitEntryPath } from './tree-path.ts';
import { lstatIfThere, parallelCalls, removeEntry } from './walk-directory.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/** Writes smaller than this are gathered; a larger one goes to the file as it is. */
const bufferBytes = 1024 * 1024;

interface OpenFile {
  readonly path: string;
  readonly handle: fs.FileHandle;
  readonly sizeBytes: number;
  /** Where the next byte of the buffer's start goes. */
  flushedTo: number;
}

/** Fills a directory of this machine. See TreeWriter for what its members promise. */
export class DirectWriter implements TreeWriter {
  readonly continuesFiles = true;
  readonly #root: string;
  readonly #signal: AbortSignal;
  readonly #guard: DirectoryGuard;
  readonly #unsyncedFiles = new Set<string>();
  readonly #unsyncedDirectories = new Set<string>();
  #file: OpenFile | null = null;
  #syncFailure: { readonly error: unknown } | null = null;
  #buffer: Buffer | null = null;
  #buffered = 0;

  constructor(root: string, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
    this.#guard = new DirectoryGuard(root, (parent) => this.#unsyncedDirectories.add(parent));
  }

  async makeDirectory(path: string): Promise<void> {
    const entry = await this.#placeFor(path);
    const replaced = await atPath(entry, () => makeRealDirectory(entry));
    if (replaced) this.#forget(entry);
  }

  async makeLink(path: string, target: string): Promise<void> {
    const entry = await this.#placeFor(path);
    await atPath(entry, () => this.#create(entry, () => fs.symlink(target, entry)));
  }

  async beginFile(file: { path: string; sizeBytes: number }, fromByte: number): Promise<void> {
    const path = await this.#placeFor(file.path);
    const handle = await atPath(path, () =>
      fromByte === 0
        ? // O_EXCL: a new inode, never the content of whatever had this name (a hard link's, for one).
          this.#create(path, () => fs.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600))
        : reopen(path, fromByte),
    );
    this.#file = { path, handle, sizeBytes: file.sizeBytes, flushedTo: fromByte };
    this.#unsyncedFiles.add(path);
    // The size is known before the content; a file that fits the buffer gets it with its only write.
    if (fromByte > 0 || file.sizeBytes > bufferBytes)
      await atPath(path, () => handle.truncate(file.sizeBytes));
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    const file = this.#openFile();
    const end = file.flushedTo + this.#buffered + bytes.byteLength;
    if (end > file.sizeBytes) {
      throw new OdoError('BUG', `${file.path} was to get ${end} bytes, but has ${file.sizeBytes}.`);
    }
    if (this.#buffered + bytes.byteLength > bufferBytes) await this.#flush(file);
    if (bytes.byteLength >= bufferBytes) return this.#writeAll(file, bytes);
    this.#buffer ??= Buffer.allocUnsafeSlow(bufferBytes);
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.byteLength;
  }

  async endFile(): Promise<void> {
    const file = this.#openFile();
    await this.#flush(file);
    if (file.flushedTo !== file.sizeBytes) {
      throw new OdoError('BUG', `${file.path} ended at byte ${file.flushedTo} of ${file.sizeBytes}.`);
    }
    this.#file = null;
    await atPath(file.path, () => file.handle.close());
  }

  async sync(): Promise<void> {
    if (this.#syncFailure !== null) throw this.#syncFailure.error;
    try {
      await this.#sync();
    } catch (error) {
      // The kernel reports a write that failed once, and a second fsync then succeeds without the data.
      this.#syncFailure = { error };
      throw error;
    }
  }

  async #sync(): Promise<void> {
    const open = this.#file;
    if (open !== null) {
      await this.#flush(open);
      await atPath(open.path, () => open.handle.datasync());
    }
    await inParallel([...this.#unsyncedFiles], parallelCalls, async (path) => {
      this.#signal.throwIfAborted();
      if (path !== open?.path) await atPath(path, () => syncFile(path, 'content'));
      this.#unsyncedFiles.delete(path);
    });
    await inParallel([...this.#unsyncedDirectories], parallelCalls, async (path) => {
      this.#signal.throwIfAborted();
      await atPath(path, () => syncDirectory(path));
      this.#unsyncedDirectories.delete(path);
    });
    // What is written into the open file from here on belongs to the next sync.
    if (open !== null) this.#unsyncedFiles.add(open.path);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#buffer = null;
    this.#buffered = 0;
    await file?.handle.close();
  }

  /** Absolute path of an entry whose directory is there and real, and gets synced. */
  async #placeFor(path: string): Promise<string> {
    this.#signal.throwIfAborted();
    if (this.#file !== null)
      throw new OdoError('BUG', `${this.#file.path} is still open when ${path} begins.`);
    const parts = splitEntryPath(path);
    const parent = await this.#guard.enter(parts.slice(0, -1));
    this.#unsyncedDirectories.add(parent);
    return join(this.#root, ...parts);
  }

  /** Runs an exclusive creation; when something has that name it is removed first. */
  async #create<Result>(path: string, create: () => Promise<Result>): Promise<Result> {
    try {
      return await create();
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    await removeEntry(path);
    this.#forget(path);
    return create();
  }

  #forget(path: string): void {
    this.#guard.forget(path);
    const below = `${path}/`;
    for (const set of [this.#unsyncedFiles, this.#unsyncedDirectories]) {
      for (const known of set) if (known === path || known.startsWith(below)) set.delete(known);
    }
  }

  #openFile(): OpenFile {
    if (this.#file === null) throw new OdoError('BUG', `No file is open in ${this.#root}.`);
    return this.#file;
  }

  async #flush(file: OpenFile): Promise<void> {
    if (this.#buffer === null || this.#buffered === 0) return;
    await this.#writeAll(file, this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  async #writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    await atPath(file.path, async () => {
      for (let from = 0; from < bytes.byteLength; ) {
        const { bytesWritten } = await file.handle.write(
          bytes,
          from,
          bytes.byteLength - from,
          file.flushedTo,
        );
        from += bytesWritten;
        file.flushedTo += bytesWritten;
      }
    });
  }
}

/**
 * True when something else had the name and was removed. A directory that is there stays, also one that
 * another writer makes at this very moment: that is why nothing is removed here with what is in it.
 */
async function makeRealDirectory(path: string): Promise<boolean> {
  for (let replaced = false; ; replaced = true) {
    try {
      await fs.mkdir(path, { mode: 0o700 });
      return replaced;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const stats = await lstatIfThere(path);
    if (stats?.isDirectory()) return replaced;
    await fs.unlink(path).catch((error: unknown) => {
      // Gone, or a directory by now.
      if (!['ENOENT', 'EISDIR'].includes(systemCode(error) ?? '')) throw error;
    });
  }
}

/** A file that an earlier attempt began: everything before `fromByte` was synced, so it must be there. */
async function reopen(path: string, fromByte: number): Promise<fs.FileHandle> {
  let handle: fs.FileHandle;
  try {
    // O_NONBLOCK: a pipe that stands there now must not make odo wait for its reader.
    handle = await fs.open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (!['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO'].includes(systemCode(error) ?? '')) throw error;
    throw changedSince(path, `is no longer the file that the run began`, error);
  }
  const stats = await handle.stat();
  if (stats.isFile() && stats.size >= fromByte) return handle;
  await handle.close();
  throw changedSince(path, `has ${stats.size} bytes, but ${fromByte} were on disk at the last checkpoint`);
}

function changedSince(path: string, what: string, cause?: unknown): OdoError {
  return new OdoError('TARGET_CHANGED', `${path} ${what}.`, {
    hint: 'Something else changed the target; find out what, or restore from the beginning.',
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
