import { setImmediate } from 'node:timers/promises';
import type { Codec } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { Tree } from '../target/tree.ts';
import {
  type ArchiveCheckpoint,
  checkCheckpoint,
  decoderStateOf,
  makeCheckpoint,
} from './archive-checkpoint.ts';
import type { Decoder } from './decoder.ts';
import { type EntryPlacement, EntrySink, type FileMismatch } from './entry-sink.ts';
import { type DecoderState, openDecoder } from './open-decoder.ts';
import type { ExpectedFile } from './open-file-hash.ts';
import { type TarEntry, TarReader } from './tar-reader.ts';

export type { ArchiveCheckpoint, EntryPlacement, ExpectedFile, FileMismatch, TarEntry };

export interface ArchiveProgress {
  /** Bytes of the object decoded, those before a resume included. */
  readonly compressedBytes: number;
  readonly outputBytes: number;
  readonly files: number;
}

/** Points where a test may kill the process; whoever runs the restore decides what happens there. */
export const archiveFailpoints = [
  'archive:before-sync',
  'archive:synced',
  'archive:saved',
  'archive:before-last-sync',
] as const;
export type ArchiveFailpoint = (typeof archiveFailpoints)[number];

export interface RestoreArchiveOptions {
  /** For people: the object's last component. */
  readonly name: string;
  readonly codec: Codec;
  /** Of the object. */
  readonly sizeBytes: number;
  /** The object's bytes from an offset to its end; a chunk is never changed after it was handed out. */
  readonly bytes: (fromCompressedOffset: number) => AsyncIterable<Uint8Array>;
  readonly tree: Tree;
  /** Not asked for the root directory itself. Must give the same answer after a resume. */
  readonly place: (entry: TarEntry) => EntryPlacement;
  readonly checkpoint: {
    /** @unit bytes of output @default 256 MiB */
    readonly everyBytes?: number;
    /** @default 10 000 */
    readonly everyMs?: number;
    /** From the last `save`; null to begin. */
    readonly last: ArchiveCheckpoint | null;
    /** Called when everything before it is on disk. */
    readonly save: (checkpoint: ArchiveCheckpoint) => Promise<void>;
  };
  /** At most five times a second, and once at the end. */
  readonly onProgress?: (progress: ArchiveProgress) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly failpoint?: (name: ArchiveFailpoint) => Promise<void>;
  /** What the backup manifest says about an entry; null when it does not list it. Asked for every file not skipped. */
  readonly expected?: (entry: TarEntry) => ExpectedFile | null;
}

export interface RestoredArchive extends ArchiveProgress {
  readonly captured: Readonly<Record<string, Uint8Array>>;
  /** Files that `expected` knew. */
  readonly checkedFiles: number;
  readonly mismatches: readonly FileMismatch[];
  /** Entries whose names were no UTF-8; they are written with `\xHH` in place of such bytes. */
  readonly inexactNames: readonly string[];
}

/** Decoded bytes on their way to the files. */
interface Slice {
  readonly bytes: Uint8Array;
  readonly compressedBytes: number;
  /** The decoder before this slice, when a checkpoint was due as it was made. */
  readonly before: DecoderState | null;
}

const defaults = { everyBytes: 256 * 1024 * 1024, everyMs: 10_000 };
const progressEveryMs = 200;
/** Output after which other work of this thread gets a turn: a few milliseconds. */
const breathAfterBytes = 4 * 1024 * 1024;

/**
 * One pass over one archive: ranged reads, decoder, tar reader, files. One slice is decoded while the one before it is
 * being written; memory does not depend on the archive. Killed anywhere, it goes on from the last checkpoint.
 * All that it needs comes in as functions and plain data, so that it can move to a thread of its own.
 */
export async function restoreArchive(options: RestoreArchiveOptions): Promise<RestoredArchive> {
  const last = options.checkpoint.last ?? null;
  if (last !== null) checkCheckpoint(last, options);
  const writer = await options.tree.openWriter(options.signal);
  try {
    const decoder = await openDecoder(options.codec, last === null ? undefined : decoderStateOf(last));
    const tar = new TarReader(last?.tar);
    const sink = new EntrySink({ ...options, writer });
    if (last !== null) await sink.restore(last.sink, tar.entry, tar.entryOffset);
    const passed = new Passage(options, tar.offset);

    // One slice ahead: its memory stays valid while the next is decoded (Decoder.push).
    let writing = Promise.resolve();
    try {
      for await (const slice of slices(options, decoder, tar.offset, () =>
        passed.isDue(decoder.outputBytes),
      )) {
        await writing;
        writing = take(slice);
        writing.catch(() => {});
      }
    } finally {
      await writing.catch(() => {});
    }
    await writing;

    decoder.finish();
    tar.finish();
    await options.failpoint?.('archive:before-last-sync');
    await writer.sync();
    const progress = { compressedBytes: options.sizeBytes, outputBytes: tar.offset, files: sink.files };
    options.onProgress?.(progress);
    const { checkedFiles, mismatches, inexactNames } = sink;
    return { ...progress, captured: sink.captured(), checkedFiles, mismatches, inexactNames };

    async function take(slice: Slice): Promise<void> {
      options.signal.throwIfAborted();
      await checkpointAt(slice);
      for (const event of tar.feed(slice.bytes)) {
        if (event.type === 'entry') await sink.begin(event.entry);
        else if (event.type === 'data') await sink.data(event.bytes);
        else if (event.type === 'entryEnd') {
          await sink.end(event.entry);
          await checkpointAt(slice);
        }
      }
      if (passed.wantsProgress()) {
        const { compressedBytes } = slice;
        options.onProgress?.({ compressedBytes, outputBytes: tar.offset, files: sink.files });
      }
    }

    /** The tar reader may stand further than the decoder's state: the bytes between are decoded again and dropped. */
    async function checkpointAt({ before }: Slice): Promise<void> {
      if (before === null || !passed.isDue(tar.offset)) return;
      if (sink.isWriting && !writer.continuesFiles) return;
      await options.failpoint?.('archive:before-sync');
      await writer.sync();
      await options.failpoint?.('archive:synced');
      const { sizeBytes } = options;
      await options.checkpoint.save(
        makeCheckpoint({ sizeBytes, decoder: before, tar: tar.state(), sink: sink.state() }),
      );
      passed.checkpointed(tar.offset);
      await options.failpoint?.('archive:saved');
    }
  } catch (error) {
    throw withName(error, options.name);
  } finally {
    await writer.close();
  }
}

/** When the next checkpoint and the next report of progress are due. */
class Passage {
  readonly #options: RestoreArchiveOptions;
  #bytes: number;
  #ms: number;
  #progressMs: number;

  constructor(options: RestoreArchiveOptions, outputBytes: number) {
    this.#options = options;
    this.#bytes = outputBytes;
    this.#ms = options.nowMs();
    this.#progressMs = this.#ms;
  }

  isDue(outputBytes: number): boolean {
    if (outputBytes === this.#bytes) return false;
    const { everyBytes = defaults.everyBytes, everyMs = defaults.everyMs } = this.#options.checkpoint;
    return outputBytes - this.#bytes >= everyBytes || this.#options.nowMs() - this.#ms >= everyMs;
  }

  checkpointed(outputBytes: number): void {
    this.#bytes = outputBytes;
    this.#ms = this.#options.nowMs();
  }

  wantsProgress(): boolean {
    const now = this.#options.nowMs();
    if (now - this.#progressMs < progressEveryMs) return false;
    this.#progressMs = now;
    return true;
  }
}

/** Reads from where the decoder stands to the object's end, and drops output before `fromOutput`. */
async function* slices(
  options: RestoreArchiveOptions,
  decoder: Decoder<DecoderState>,
  fromOutput: number,
  isDue: () => boolean,
): AsyncGenerator<Slice> {
  let read = decoder.compressedBytes;
  let breathAt = decoder.outputBytes + breathAfterBytes;
  for await (const chunk of options.bytes(read)) {
    options.signal.throwIfAborted();
    read += chunk.length;
    let before = isDue() ? decoder.snapshot() : null;
    for (const slice of decoder.push(chunk)) {
      const drop = Math.max(0, Math.min(slice.length, fromOutput - (decoder.outputBytes - slice.length)));
      if (drop < slice.length) {
        yield { bytes: slice.subarray(drop), compressedBytes: decoder.compressedBytes, before };
      }
      if (decoder.outputBytes >= breathAt) {
        breathAt = decoder.outputBytes + breathAfterBytes;
        await setImmediate();
      }
      before = isDue() ? decoder.snapshot() : null;
    }
  }
  options.signal.throwIfAborted();
  if (read === options.sizeBytes) return;
  const found = `ended at byte ${read} of ${options.sizeBytes}`;
  throw new OdoError(
    read < options.sizeBytes ? 'OBJECT_TRUNCATED' : 'OBJECT_CHANGED',
    `The object ${found}.`,
    {
      hint: 'Resume the run; if it happens again, the stored object is not the one that was planned.',
      details: { readBytes: read, sizeBytes: options.sizeBytes },
    },
  );
}

/** The decoder and the tar reader do not know which archive they read. */
function withName(error: unknown, name: string): unknown {
  if (!(error instanceof OdoError)) return error;
  const details = { archive: name, ...error.details };
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new OdoError(error.code, `${name}: ${error.message}`, { ...hint, details, cause: error });
}
