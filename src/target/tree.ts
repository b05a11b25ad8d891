/**
 * A directory tree that odo fills: the data directory itself, or odo's work directory beside it.
 * Paths are relative to the root, `/`-separated, already checked by the caller (no `..`, not absolute).
 * Two adapters: direct (this process can write the directory) and engine (through the Docker API).
 */
export interface Tree {
  /** For people: `/srv/pg/data`, `volume pgdata`. */
  readonly description: string;
  /** Absolute path as this process sees it; null when only the engine can reach it. */
  readonly localPath: string | null;
  /** That of an entry; null when only the engine can reach it. */
  localPathOf(path: string): string | null;
  /** Streams many entries; one at a time per tree is not required, writers are independent. */
  openWriter(signal: AbortSignal, options?: TreeWriterOptions): Promise<TreeWriter>;
  /** Null when absent. OdoError when larger than `maxBytes`. */
  readFile(path: string, maxBytes: number): Promise<Uint8Array | null>;
  /** Bytes of a file from `position` on, as many as there are up to `maxBytes`; null when the file is absent. */
  readPart(path: string, position: number, maxBytes: number): Promise<Uint8Array | null>;
  /** Durable: when it resolves, the whole file or (after a crash before) the former one is on disk. */
  writeFile(path: string, content: Uint8Array | string, mode: number): Promise<void>;
  /**
   * Durable as well, and only where nothing has that name: of several that come at once, one makes the file. False when
   * something was there, which stays. `aside`: a name in the same directory that nobody else writes to.
   */
  createFile(path: string, aside: string, content: string, mode: number): Promise<boolean>;
  /** Durable and idempotent: done already when `from` is absent and `to` exists; otherwise absent `from` throws. */
  rename(from: string, to: string): Promise<void>;
  /** Recursive, durable; absent is fine. */
  remove(path: string): Promise<void>;
  /** Names right under `path` ('' is the root), sorted; empty when absent. */
  list(path: string): Promise<TreeListing[]>;
  /** Removes everything under the root except the names in `keep`; the root stays. Durable, restartable. */
  clear(keep: readonly string[]): Promise<void>;
  /** Recursively: owner; directories 0700, files 0600 (0700/0600 is what initdb makes). Symbolic links are never followed. */
  own(owner: Owner): Promise<void>;
  /** Everything below the root is on disk when it resolves. */
  sync(): Promise<void>;
  /** Free bytes of the file system for this process (or root in a container). @unit bytes */
  freeBytes(): Promise<number>;
  /** Bytes that `clear` would give back. @unit bytes */
  usedBytes(): Promise<number>;
}

/** odo's own directory of a run, out of which a running server is given files. */
export interface WorkTree extends Tree {
  /**
   * Moves files from one folder to another, each by a rename over what is there, and never a file whose bytes are
   * not all written. Who sees a name in `to` may read it as `owner`. Both folders are there. Brings nothing to disk.
   */
  handOver(files: HandedFiles): Promise<void>;
  /** Files of one folder; absent is fine. Brings nothing to disk. */
  removeFiles(folder: string, names: readonly string[]): Promise<void>;
  /**
   * Another one after each start of the machine whose memory holds what was written and not synced: that may be lost
   * then. Null when it cannot be told.
   */
  bootId(): Promise<string | null>;
}

export interface HandedFiles {
  readonly from: string;
  readonly to: string;
  readonly names: readonly string[];
  readonly owner: Owner;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface TreeListing {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
}

export interface TreeWriterOptions {
  /** False: `sync` waits for what was written, but does not bring it to disk; a power cut may then take it. @default true */
  readonly durable?: boolean;
  /** The files are read again at once, so that they are better kept in memory than brought to disk. @default false */
  readonly isReadSoon?: boolean;
  /** Given to small files when they are made, where the writer makes them itself; `own` gives it to everything. */
  readonly owner?: Owner | undefined;
}

/** A file, or the part of one that a writer writes. */
export interface FileToWrite {
  readonly path: string;
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** Where the part ends; a multiple of `partBytes` unless it is the file's end. @default sizeBytes */
  readonly toByte?: number;
  /** It was made before in its whole size, and others write other parts: it is opened as it is. @default false */
  readonly isThere?: boolean;
}

/** A file that this run wrote before, to be changed in places. */
export interface FileToPatch {
  readonly path: string;
  /** What lies behind is dropped first; null: nothing is. */
  readonly keepBytes: number | null;
  /** Its size after that; zeros where it was shorter. Null: it grows only with what is written behind its end. */
  readonly sizeBytes: number | null;
}

/**
 * Writes entries in order. Not safe for concurrent calls: each begins when the promise of the one before is settled;
 * every archive gets its own writer.
 * Writes may go on behind the caller's back, in bounded memory: a promise that resolved says that the bytes were
 * taken, not that they are in the file. What then fails is thrown by one of the next calls, and at the latest by
 * `sync`; after that the writer only fails.
 */
export interface TreeWriter {
  /** Whether `beginFile` accepts an offset above 0 (a checkpoint may then lie inside a file), and files can be patched. */
  readonly continuesFiles: boolean;
  /** Parents are created (0700) when missing, for files too. Existing entries are replaced; never through a symbolic link. */
  makeDirectory(path: string): Promise<void>;
  makeLink(path: string, target: string): Promise<void>;
  /** The bytes from `fromByte` on are written. */
  beginFile(file: FileToWrite, fromByte: number): Promise<void>;
  /** The caller may change `bytes` as soon as the promise is settled; the file may get them later. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Opens a file that is there; what it holds stays, but for what `file` says. Ended by `endFile`. Only where
   * `continuesFiles` is true.
   */
  beginPatch(file: FileToPatch): Promise<void>;
  /** Replaces what the file that `beginPatch` opened holds at `position`. `bytes` as for `write`. */
  patch(bytes: Uint8Array, position: number): Promise<void>;
  /** May resolve before the file has all of its bytes. */
  endFile(): Promise<void>;
  /**
   * Waits for every write in flight. `onDisk` resolves when everything written through this writer before is on disk,
   * directories included; meanwhile more may be written. Once it failed it never succeeds again.
   */
  startSync(): Promise<{ readonly onDisk: Promise<void> }>;
  /** Resolves when everything written through this writer is on disk. */
  sync(): Promise<void>;
  /** Waits for every write in flight and releases handles; does not sync. */
  close(): Promise<void>;
}
