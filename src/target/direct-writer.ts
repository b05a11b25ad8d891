import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { AlignedBuffers } from './aligned-buffers.ts';
import { copyBytes } from './copy-bytes.ts';
import { DirectoryGuard } from './directory-guard.ts';
import { type FileSystemSync, openFileSystemSync } from './file-system-sync.ts';
import { atPath, fsError, systemCode } from './fs-errors.ts';
import { LargeFile, type LargeFileContext } from './large-file.ts';
import { PatchedFile } from './patched-file.ts';
import { newFileFlags } from './small-contents.ts';
import { SmallFiles } from './small-files.ts';
import type { FileToPatch, FileToWrite, TreeWriter, TreeWriterOptions } from './tree.ts';
import { splitEntryPath } from './tree-path.ts';
import { Turn } from './turn.ts';
import { Unsynced } from './unsynced.ts';
import { lstatIfThere, removeEntry } from './walk-directory.ts';
import { WriteBehind } from './write-behind.ts';
import { realCalls, type WriterCalls } from './writer-calls.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;

export interface DirectWriterOptions extends TreeWriterOptions {
  /** Buffers for large files; memory is this times `bufferBytes`. @default 6 */
  readonly buffers?: number;
  /** Most that is written at once. A multiple of 64 KiB. @unit bytes @default 2 MiB */
  readonly bufferBytes?: number;
  /** Writes of large files in flight. @default 3, which leaves one of libuv's threads to others */
  readonly writesInFlight?: number;
  readonly calls?: WriterCalls;
  readonly openFileSystemSync?: (root: string) => Promise<FileSystemSync>;
}

/** A file, or the part of one, that fits a buffer together with others: written when it has ended. */
interface SmallFile {
  readonly path: string;
  /** Null while it need not be there: it is made when it is written. */
  fd: number | null;
  /** Where the first byte of the room goes. */
  position: number;
  /** Memory for what is still to come from there on. */
  room: Uint8Array;
  filled: number;
}

/** A file of this size has buffers of its own, also when it does not fill one. @unit bytes */
const largeFileBytes = 1024 * 1024;

/** Large files that end behind the caller's back: each holds a descriptor. */
const filesEnding = 16;

/**
 * Fills a directory of this machine. See TreeWriter for what its members promise.
 *
 * Small files are made, written and closed by a thread of its own, many at a time, with synchronous calls: the way to
 * libuv's threads and back would cost more than twice their processor time (measured with 50,000 files of 8 to 16 KiB).
 * They are there once `sync` has resolved, or before anything else takes their name or that of a directory above them.
 */
export class DirectWriter implements TreeWriter {
  readonly continuesFiles = true;
  readonly #root: string;
  readonly #signal: AbortSignal;
  readonly #guard: DirectoryGuard;
  readonly #calls: WriterCalls;
  readonly #isDurable: boolean;
  readonly #fileSystem: FileSystemSync;
  readonly #unsynced: Unsynced;
  /** Its first error is also that of a failed sync: neither is ever forgotten. */
  readonly #behind: WriteBehind;
  readonly #ending = new Set<Promise<void>>();
  /** The last of the syncs that were started; does not reject. */
  #syncing: Promise<void> = Promise.resolve();
  readonly #large: LargeFileContext;
  #file: SmallFile | LargeFile | PatchedFile | null = null;
  /** Where the open file's part ends. */
  #toByte = 0;
  readonly #small: SmallFiles;
  readonly #turn = new Turn();

  private constructor(
    root: string,
    signal: AbortSignal,
    fileSystem: FileSystemSync,
    options: DirectWriterOptions,
  ) {
    this.#root = root;
    this.#signal = signal;
    this.#fileSystem = fileSystem;
    this.#calls = options.calls ?? realCalls;
    this.#isDurable = options.durable ?? true;
    this.#unsynced = new Unsynced(root);
    this.#guard = new DirectoryGuard(root, (parent) => this.#unsynced.addDirectory(parent));
    this.#behind = new WriteBehind(options.writesInFlight ?? 3);
    this.#large = {
      calls: this.#calls,
      buffers: new AlignedBuffers(options.buffers ?? 6, options.bufferBytes ?? 2 * 1024 * 1024),
      behind: this.#behind,
      // O_DIRECT passes by the page cache.
      mayWriteDirectly: this.#calls.directFlag !== null && options.isReadSoon !== true,
    };
    this.#small = new SmallFiles({
      ...this.#large,
      owner: options.owner ?? null,
      removeDirectory: (path) => this.#removeNow(path),
    });
  }

  /** `root` is a directory that is there. */
  static async open(
    root: string,
    signal: AbortSignal,
    options: DirectWriterOptions = {},
  ): Promise<DirectWriter> {
    const fileSystem = await atPath(root, () => (options.openFileSystemSync ?? openFileSystemSync)(root));
    return new DirectWriter(root, signal, fileSystem, options);
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

  async beginFile(file: FileToWrite, fromByte: number): Promise<void> {
    const path = await this.#placeFor(file.path);
    const { sizeBytes, toByte = sizeBytes, isThere = false } = file;
    const isNew = fromByte === 0 && !isThere;
    if (toByte - fromByte >= Math.min(largeFileBytes, this.#large.buffers.sizeBytes)) {
      // Its buffer may be the one that the large file waits for.
      this.#small.flush();
      this.#file = await atPath(path, () => this.#openLarge({ path, sizeBytes }, fromByte, isNew));
    } else {
      const fd = await atPath(path, () => this.#openSmall({ path, sizeBytes, toByte }, fromByte, isNew));
      const room = await this.#small.room(toByte - fromByte);
      this.#file = { path, fd, position: fromByte, room, filled: 0 };
    }
    this.#toByte = toByte;
    this.#unsynced.addFile(path);
  }

  async beginPatch(file: FileToPatch): Promise<void> {
    const path = await this.#placeFor(file.path);
    // It may be a file that this writer has taken and not yet written.
    await this.#settle();
    this.#file = await atPath(path, () => PatchedFile.open(this.#calls, path, file));
    this.#unsynced.addFile(path);
  }

  async patch(bytes: Uint8Array, position: number): Promise<void> {
    this.#check();
    const file = this.#file;
    if (!(file instanceof PatchedFile)) throw new OdoError('BUG', `No file is open to be changed in places.`);
    this.#orFail(file.path, () => file.write(bytes, position));
    if (this.#turn.isOver) await this.#turn.next();
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#check();
    const file = this.#fileToWrite();
    const end = endOf(file) + bytes.byteLength;
    if (end > this.#toByte) {
      throw new OdoError('BUG', `${file.path} was to get ${end} bytes, but ends at ${this.#toByte}.`);
    }
    if (file instanceof LargeFile) {
      await atPath(file.path, () => file.append(bytes));
      this.#check();
      return;
    }
    copyBytes(bytes, file.room, file.filled);
    file.filled += bytes.byteLength;
  }

  async endFile(): Promise<void> {
    this.#check();
    if (this.#file instanceof PatchedFile) return this.#endPatch(this.#file);
    const file = this.#fileToWrite();
    const end = endOf(file);
    if (end !== this.#toByte) {
      throw new OdoError('BUG', `${file.path} ended at byte ${end} of ${this.#toByte}.`);
    }
    this.#file = null;
    if (file instanceof LargeFile) return this.#end(file);
    this.#small.add(file, file.room.subarray(0, file.filled));
    if (this.#turn.isOver) await this.#turn.next();
  }

  async startSync(): Promise<{ onDisk: Promise<void> }> {
    this.#check();
    const open = this.#file;
    try {
      if (open instanceof LargeFile) await atPath(open.path, () => open.flush());
      else if (open !== null && !(open instanceof PatchedFile)) await this.#flushOpen(open);
      else this.#small.flush();
      await this.#behind.settle();
      this.#behind.throwFailure();
    } catch (error) {
      throw this.#failed(error);
    }
    if (!this.#isDurable) {
      this.#unsynced.clear();
      return { onDisk: Promise.resolve() };
    }
    const onDisk = this.#bringToDisk();
    this.#syncing = onDisk.catch(() => {});
    // What is written into the open file from here on belongs to the next sync.
    if (open !== null) this.#unsynced.addFile(open.path);
    return { onDisk };
  }

  async sync(): Promise<void> {
    await (await this.startSync()).onDisk;
  }

  async #bringToDisk(): Promise<void> {
    const reachesAll = this.#guard.isOnlyOn(this.#fileSystem.device);
    const fileSystem = reachesAll ? this.#fileSystem : null;
    const taken = this.#unsynced.take();
    await this.#syncing;
    try {
      this.#behind.throwFailure();
      await this.#unsynced.sync(taken, { calls: this.#calls, fileSystem, signal: this.#signal });
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** The kernel reports a write that failed once, and a second fsync then succeeds without the data. */
  #failed(error: unknown): unknown {
    this.#behind.fail(error);
    return error;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    // What has not begun by now need not begin.
    if (this.#signal.aborted) this.#behind.fail(this.#signal.reason);
    try {
      this.#small.flush();
      if (file instanceof LargeFile) await file.abandon();
      else if (file instanceof PatchedFile) file.close();
      else if (file !== null && file.fd !== null) this.#calls.closeNow(file.fd);
    } finally {
      await this.#behind.settle();
      await this.#syncing;
      this.#large.buffers.release();
    }
  }

  /** Stops after an abort, and after a write whose caller had been told that it went well. */
  #check(): void {
    this.#signal.throwIfAborted();
    this.#behind.throwFailure();
  }

  /** Absolute path of an entry whose directory is there and real, and gets synced. */
  async #placeFor(path: string): Promise<string> {
    this.#check();
    if (this.#file !== null)
      throw new OdoError('BUG', `${this.#file.path} is still open when ${path} begins.`);
    const parts = splitEntryPath(path);
    const above = parts.slice(0, -1);
    const parent = this.#guard.known(above) ?? (await this.#enter(above));
    this.#unsynced.addDirectory(parent);
    const place = join(this.#root, ...parts);
    if (this.#small.isMaking(place)) await this.#settle();
    return place;
  }

  async #enter(parts: readonly string[]): Promise<string> {
    const isInTheWay = parts.some((_, i) => this.#small.isMaking(join(this.#root, ...parts.slice(0, i + 1))));
    if (isInTheWay) await this.#settle();
    return this.#guard.enter(parts);
  }

  /** Every small file that was taken is there. */
  async #settle(): Promise<void> {
    this.#small.flush();
    await this.#behind.settle();
    this.#check();
  }

  /** Runs an exclusive creation; when something has that name it is removed first. */
  async #create<Result>(path: string, create: () => Promise<Result>): Promise<Result> {
    try {
      return await create();
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    await this.#remove(path);
    return create();
  }

  /** Whatever was to be made in a directory is there, and goes with it. */
  async #remove(path: string): Promise<void> {
    await this.#settle();
    await this.#removeNow(path);
  }

  async #removeNow(path: string): Promise<void> {
    await removeEntry(path);
    this.#forget(path);
  }

  #forget(path: string): void {
    this.#unsynced.forget(path);
    if (this.#guard.forget(path)) this.#unsynced.forgetDirectory(path);
  }

  #fileToWrite(): SmallFile | LargeFile {
    if (this.#file === null || this.#file instanceof PatchedFile) {
      throw new OdoError('BUG', `No file is open in ${this.#root}.`);
    }
    return this.#file;
  }

  async #endPatch(file: PatchedFile): Promise<void> {
    this.#file = null;
    // NFS and some quotas report here what they could not write.
    this.#orFail(file.path, () => file.close());
    if (this.#turn.isOver) await this.#turn.next();
  }

  /** What fails here was promised to the caller, or would be: no later sync may succeed. */
  #orFail(path: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      const failure = fsError(error, path);
      this.#behind.fail(failure);
      throw failure;
    }
  }

  #createSmall(path: string): Promise<number> {
    return this.#create(path, async () => this.#calls.openNow(path, newFileFlags, 0o600));
  }

  /** Null when it need not be there before it is written. */
  async #openSmall(
    { path, sizeBytes, toByte }: { path: string; sizeBytes: number; toByte: number },
    fromByte: number,
    isNew: boolean,
  ): Promise<number | null> {
    if (!isNew) return this.#reopen({ path, sizeBytes }, fromByte, O_WRONLY);
    // What comes next may lie in the directory that this file replaces.
    if (this.#guard.knows(path)) await this.#remove(path);
    if (toByte === sizeBytes) return null;
    const fd = await this.#createSmall(path);
    await this.#calls.truncate(fd, sizeBytes);
    return fd;
  }

  /** What the open file has got is written; the room for the rest of it is another one. */
  async #flushOpen(file: SmallFile): Promise<void> {
    const fd = (file.fd ??= await atPath(file.path, () => this.#createSmall(file.path)));
    this.#orFail(file.path, () => {
      for (let done = 0; done < file.filled; ) {
        done += this.#calls.writeNow(fd, file.room.subarray(done, file.filled), file.position + done);
      }
    });
    this.#small.flush();
    file.position += file.filled;
    file.filled = 0;
    file.room = await this.#small.room(this.#toByte - file.position);
  }

  async #openLarge(
    file: { path: string; sizeBytes: number },
    fromByte: number,
    isNew: boolean,
  ): Promise<LargeFile> {
    const { path, sizeBytes } = file;
    const open = (directFlag: number): Promise<number> =>
      isNew
        ? this.#create(path, () => this.#calls.open(path, newFileFlags | directFlag, 0o600))
        : this.#reopen(file, fromByte, O_RDWR | directFlag);
    const { fd, isDirect } = await this.#openDirectly(open);
    const large = new LargeFile(this.#large, { path, sizeBytes, fd, isDirect }, fromByte);
    try {
      // Known before the content, so that writes in flight do not each make the file longer.
      if (isNew) await this.#calls.truncate(fd, sizeBytes);
      else await large.readBlockStart();
      return large;
    } catch (error) {
      await large.abandon();
      throw error;
    }
  }

  async #openDirectly(
    open: (directFlag: number) => Promise<number>,
  ): Promise<{ fd: number; isDirect: boolean }> {
    const flag = this.#calls.directFlag;
    if (flag !== null && this.#large.mayWriteDirectly) {
      try {
        return { fd: await open(flag), isDirect: true };
      } catch (error) {
        if (systemCode(error) !== 'EINVAL') throw error;
        // The file may have been made all the same; it is replaced below.
        this.#large.mayWriteDirectly = false;
      }
    }
    return { fd: await open(0), isDirect: false };
  }

  /** A file that an earlier attempt began: everything before `fromByte` was synced, so it must be there. */
  async #reopen(
    file: { path: string; sizeBytes: number },
    fromByte: number,
    access: number,
  ): Promise<number> {
    const { path, sizeBytes } = file;
    let fd: number;
    try {
      // O_NONBLOCK: a pipe that stands there now must not make odo wait for its reader.
      fd = await this.#calls.open(path, access | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if (!['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO'].includes(systemCode(error) ?? '')) throw error;
      throw changedSince(path, `is no longer the file that the run began`, error);
    }
    try {
      const stats = await this.#calls.stat(fd);
      if (!stats.isFile()) throw changedSince(path, 'is no longer a file');
      if (stats.size < fromByte) {
        const found = `has ${stats.size} bytes, but ${fromByte} were on disk at the last checkpoint`;
        throw changedSince(path, found);
      }
      // It may be too long: padding is cut off only after it was written.
      await this.#calls.truncate(fd, sizeBytes);
      return fd;
    } catch (error) {
      await this.#calls.close(fd);
      throw error;
    }
  }

  async #end(file: LargeFile): Promise<void> {
    const ended = file.finish().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
    while (this.#ending.size >= filesEnding) await Promise.race(this.#ending);
  }
}

function endOf(file: SmallFile | LargeFile): number {
  return file instanceof LargeFile ? file.end : file.position + file.filled;
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

function changedSince(path: string, what: string, cause?: unknown): OdoError {
  return new OdoError('TARGET_CHANGED', `${path} ${what}.`, {
    hint: 'Something else changed the target; find out what, or restore from the beginning.',
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
