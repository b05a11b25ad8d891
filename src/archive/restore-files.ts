import { OdoError } from '../errors/odo-error.ts';
import { readBytes, readObject } from '../storage/object-reader.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { RangeRetrying } from '../storage/read-options.ts';
import type { TreeWriterOptions } from '../target/tree.ts';
import { checkedEntryPath } from './entry-check.ts';
import { EntrySink, type EntrySinkOptions, type EntrySinkState, type FileMismatch } from './entry-sink.ts';
import type { PageFindings } from './page-findings.ts';
import type { ArchiveFailpoint } from './restore-archive.ts';
import type { TarEntry } from './tar-reader.ts';

/** An object that is one file of a data directory. */
export interface FileObject {
  /** As in the data directory or tablespace. */
  readonly path: string;
  readonly key: string;
  readonly etag: string;
  readonly sizeBytes: number;
}

/** Rises when a field changes meaning. */
const checkpointFormatVersion = 1;

/** Where to go on among the files. Plain JSON. */
export interface FilesCheckpoint {
  readonly formatVersion: number;
  /** Files that are done. */
  readonly done: number;
  /** Bytes of the next one that are on disk. */
  readonly offset: number;
  readonly sink: EntrySinkState;
}

export interface RestoreFilesOptions
  extends Pick<EntrySinkOptions, 'tree' | 'place' | 'expected' | 'pages'>,
    Pick<TreeWriterOptions, 'owner'> {
  /** In this order, which a resume must give again. */
  readonly files: readonly FileObject[];
  readonly source: Pick<ObjectStorage, 'locate'> & Pick<RangeRetrying, 'onRetry'>;
  /** Memory for what is read ahead. @unit bytes */
  readonly readAheadBytes: number;
  /** The most to ask for at once. @unit bytes */
  readonly rangeBytes: number;
  readonly durable: boolean;
  readonly checkpoint: {
    /** @unit bytes */
    readonly everyBytes: number;
    readonly everyMs: number;
    readonly last: FilesCheckpoint | null;
    /** Called when everything before it is on disk; `doneBytes` are those of `files`. */
    readonly save: (doneBytes: number, checkpoint: FilesCheckpoint) => Promise<void>;
  };
  readonly onProgress: (doneBytes: number) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly failpoint?: (name: ArchiveFailpoint) => Promise<void>;
}

export interface RestoredFiles {
  readonly files: number;
  readonly outputBytes: number;
  readonly captured: Readonly<Record<string, Uint8Array>>;
  readonly checkedFiles: number;
  readonly mismatches: readonly FileMismatch[];
  readonly pageFindings: PageFindings;
}

/** Files up to this size are read whole, several at a time. @unit bytes */
const smallBytes = 1024 * 1024;
const smallAtOnce = 16;

/**
 * Brings objects that are files themselves to where they belong, checked as the entries of an archive are. Small ones
 * are read ahead, several at a time, because each costs a request; large ones in ranges. Killed anywhere, it goes on
 * from the last checkpoint, which may lie inside a file.
 */
export async function restoreFiles(options: RestoreFilesOptions): Promise<RestoredFiles> {
  const { signal, nowMs } = options;
  const { last, everyBytes, everyMs } = options.checkpoint;
  if (last !== null) requireFormat(last);
  const wanted = options.files.map((file) => ({ file, entry: entryOf(file) }));
  const writer = await options.tree.openWriter(signal, { durable: options.durable, owner: options.owner });
  const sink = new EntrySink({ ...options, writer });
  const ahead = new SmallFiles(options, wanted);
  let done = last?.done ?? 0;
  let offset = last?.offset ?? 0;
  let doneBytes = options.files.slice(0, done).reduce((sum, file) => sum + file.sizeBytes, offset);
  let saved = { bytes: doneBytes, ms: nowMs() };
  try {
    if (last !== null) {
      await sink.restore(last.sink, offset === 0 ? null : (wanted[done]?.entry ?? null), offset);
    }
    while (done < wanted.length) {
      const { file, entry } = wanted[done] as Wanted;
      if (offset === 0) await sink.begin(entry);
      if (isRead(options, entry)) {
        for await (const bytes of ahead.contentOf(done, offset)) {
          signal.throwIfAborted();
          await sink.data(bytes);
          offset += bytes.length;
          doneBytes += bytes.length;
          options.onProgress(doneBytes);
          if (offset < file.sizeBytes) await checkpoint();
        }
      } else {
        doneBytes += file.sizeBytes;
      }
      await sink.end(entry);
      done++;
      offset = 0;
      await checkpoint();
    }
    await options.failpoint?.('archive:before-last-sync');
    await writer.sync();
    options.onProgress(doneBytes);
    const { files, checkedFiles, mismatches, pageFindings } = sink;
    return {
      files,
      outputBytes: doneBytes,
      captured: sink.captured(),
      checkedFiles,
      mismatches,
      pageFindings,
    };
  } finally {
    ahead.stop();
    await writer.close();
  }

  async function checkpoint(): Promise<void> {
    if (doneBytes - saved.bytes < everyBytes && nowMs() - saved.ms < everyMs) return;
    if (doneBytes === saved.bytes || !sink.canBeSaved) return;
    await options.failpoint?.('archive:before-sync');
    await writer.sync();
    await options.failpoint?.('archive:synced');
    const place = { formatVersion: checkpointFormatVersion, done, offset };
    await options.checkpoint.save(doneBytes, { ...place, sink: sink.state() });
    saved = { bytes: doneBytes, ms: nowMs() };
    await options.failpoint?.('archive:saved');
  }
}

interface Wanted {
  readonly file: FileObject;
  readonly entry: TarEntry;
}

const entryOf = ({ path, sizeBytes }: FileObject): TarEntry => ({
  path: checkedEntryPath(path),
  kind: 'file',
  sizeBytes,
  // Neither is in an object store; the owner's modes are set when all is there.
  mode: 0o600,
  modifiedAt: 0,
  linkTarget: null,
  nameIsExact: true,
});

const isRead = ({ place }: RestoreFilesOptions, entry: TarEntry): boolean =>
  entry.sizeBytes > 0 && place(entry).kind !== 'skip';

function requireFormat({ formatVersion }: FilesCheckpoint): void {
  if (formatVersion === checkpointFormatVersion) return;
  throw new OdoError(
    'JOURNAL_INCOMPATIBLE',
    `The checkpoint among the files has format ${formatVersion}; this odo reads format ${checkpointFormatVersion}.`,
    { hint: 'Finish the run with the version of odo that started it, or start a new run.' },
  );
}

/** Reads small files before their turn. */
class SmallFiles {
  readonly #options: RestoreFilesOptions;
  readonly #wanted: readonly Wanted[];
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #fetched = new Map<number, Promise<Uint8Array>>();
  #next = 0;
  #bytes = 0;

  constructor(options: RestoreFilesOptions, wanted: readonly Wanted[]) {
    this.#options = options;
    this.#wanted = wanted;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  async *contentOf(index: number, from: number): AsyncIterable<Uint8Array> {
    const { file } = this.#wanted[index] as Wanted;
    const { source, readAheadBytes, rangeBytes } = this.#options;
    this.#fetch(index);
    const fetched = from === 0 ? this.#fetched.get(index) : undefined;
    if (fetched === undefined) {
      const { onRetry } = source;
      const memory = { rangeBytes, memoryBytes: readAheadBytes, reuseMemory: true };
      const reading = { from, ...memory, signal: this.#signal, onRetry };
      yield* readObject(source, file, reading);
      return;
    }
    const bytes = await fetched;
    this.#fetched.delete(index);
    this.#bytes -= bytes.length;
    yield bytes;
  }

  stop(): void {
    this.#stop.abort();
  }

  #fetch(from: number): void {
    const { source, readAheadBytes } = this.#options;
    this.#next = Math.max(this.#next, from);
    while (this.#next < this.#wanted.length && this.#fetched.size < smallAtOnce) {
      const { file, entry } = this.#wanted[this.#next] as Wanted;
      const isSmall = file.sizeBytes <= smallBytes && isRead(this.#options, entry);
      if (isSmall && this.#fetched.size > 0 && this.#bytes + file.sizeBytes > readAheadBytes) return;
      if (isSmall) {
        const bytes = readBytes(source, file, { from: 0, to: file.sizeBytes }, this.#signal);
        // Reported where it is awaited; after a failure before it, nobody does.
        bytes.catch(() => {});
        this.#fetched.set(this.#next, bytes);
        this.#bytes += file.sizeBytes;
      }
      this.#next++;
    }
  }
}
