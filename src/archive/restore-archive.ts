import type { Codec, TarDialect } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { Tree, TreeWriterOptions } from '../target/tree.ts';
import { type ArchiveCheckpoint, checkCheckpoint, makeCheckpoint } from './archive-checkpoint.ts';
import { CheckpointInFlight } from './checkpoint-in-flight.ts';
import { type DecodedSlice, DecodedStream, type DecodeSource } from './decode/decoded-stream.ts';
import type { DecoderPool } from './decode/decoder-pool.ts';
import { decodeDecoder } from './encoded-decoder.ts';
import type { EntryPlacement } from './entry-placement.ts';
import { EntrySink, type FileMismatch } from './entry-sink.ts';
import type { PageChecksumsOptions } from './hash/page-checksums.ts';
import { reachBytes } from './open-decoder.ts';
import type { ExpectedFile } from './open-file-hash.ts';
import type { PageFindings } from './page-findings.ts';
import type { SeekPoint, Stretch } from './seek-index.ts';
import { SeekTrail, type TrailEntry } from './seek-trail.ts';
import { sharedFilesOf } from './shared-files.ts';
import { type TarEntry, TarReader } from './tar-reader.ts';
import { withName } from './with-name.ts';

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

export interface RestoreArchiveOptions extends Pick<TreeWriterOptions, 'owner'> {
  /** For people: the object's last component. */
  readonly name: string;
  readonly codec: Codec;
  readonly dialect?: TarDialect | undefined;
  readonly object: { readonly key: string; readonly etag: string; readonly sizeBytes: number };
  readonly decoders: DecoderPool;
  readonly source: DecodeSource;
  /** Restores only what lies between two seek points. Files that reach over an end must be there, in full size. */
  readonly stretch?: Stretch;
  readonly tree: Tree;
  /** False: nothing is brought to disk, and a power cut may take what a checkpoint says is there. @default true */
  readonly durable?: boolean;
  /** Not asked for the root directory itself. Must give the same answer after a resume. */
  readonly place: (entry: TarEntry) => EntryPlacement;
  readonly checkpoint: {
    /** A file counts 32 KiB besides its bytes. @unit bytes of output @default 256 MiB */
    readonly everyBytes?: number;
    /** @default 10 000 */
    readonly everyMs?: number;
    /** From the last `save`; null to begin. */
    readonly last: ArchiveCheckpoint | null;
    /** Called when everything before it is on disk, with what the archive's index has got since the last one. */
    readonly save: (checkpoint: ArchiveCheckpoint, trail: TrailEntry | null) => Promise<void>;
  };
  /** Seek points are gathered; null: not. Only for whole archives. */
  readonly index?: {
    /** Given to the earlier calls of `save`. */
    readonly earlier: readonly TrailEntry[];
    /** Compressed bytes between two points. */
    readonly everyBytes?: number;
  } | null;
  /** At most five times a second, and once at the end. */
  readonly onProgress?: (progress: ArchiveProgress) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly failpoint?: (name: ArchiveFailpoint) => Promise<void>;
  /** What the backup manifest says about an entry; null when it does not list it. Asked for every file not skipped. */
  readonly expected?: (entry: TarEntry) => ExpectedFile | null;
  /** Called before a file is written; what it returns, when it is. Throws when there must be no more. */
  readonly admit?: (sizeBytes: number) => Promise<() => void>;
  /** How the pages of an entry are checked; null when it has none. */
  readonly pages?: (entry: TarEntry) => PageChecksumsOptions | null;
}

export interface RestoredArchive extends ArchiveProgress {
  readonly captured: Readonly<Record<string, Uint8Array>>;
  /** Files that `expected` knew. */
  readonly checkedFiles: number;
  readonly mismatches: readonly FileMismatch[];
  readonly pageFindings: PageFindings;
  /** Entries whose names were no UTF-8, the first thousand; they are written with `\xHH` in place of such bytes. */
  readonly inexactNames: readonly string[];
  /** What the index has got since the last checkpoint. */
  readonly trail: TrailEntry | null;
}

const defaults = { everyBytes: 256 * 1024 * 1024, everyMs: 10_000 };
const progressEveryMs = 200;

/** What making a file is worth in bytes written; of one that is there already when a run goes on, even more. */
const bytesForFile = 32 * 1024;

/** The decoder's state goes with every so much output: a resume decodes as much again, and drops it. */
const stateEvery = { bytes: 16 * 1024 * 1024, ms: 2000 };

/** Compressed bytes that are worth a thread's start. @unit bytes */
const bytesForThread = 1024 * 1024;

/** Stretches are decoded side by side already. */
function blockThreadsFor({ stretch, object, decoders }: RestoreArchiveOptions): number {
  if (stretch !== undefined) return 1;
  return Math.min(decoders.limits.threads, Math.ceil(object.sizeBytes / bytesForThread));
}

/**
 * One pass over an archive or a stretch of it: a decoder thread reads and decodes, this one untars, checks and
 * writes; memory does not depend on the archive. Killed anywhere, it goes on from the last checkpoint.
 */
export async function restoreArchive(options: RestoreArchiveOptions): Promise<RestoredArchive> {
  const { object, signal, codec } = options;
  const { start, end } = options.stretch ?? { start: null, end: null };
  const last = options.checkpoint.last ?? null;
  if (last !== null) checkCheckpoint(last, { name: options.name, sizeBytes: object.sizeBytes });
  const { durable = true, owner } = options;
  const writer = await options.tree.openWriter(signal, { durable, owner });
  const saving = new CheckpointInFlight();
  try {
    const tar = new TarReader(last?.tar ?? start?.tar, options.dialect);
    const sink = new EntrySink({ ...options, writer, shared: sharedFilesOf({ start, end }) });
    if (last !== null) await sink.restore(last.sink, tar.entry, tar.entryOffset);
    else if (start !== null) await sink.enter(tar.entry, tar.entryOffset, start.fileHash);
    const encoded = last?.decoder ?? start?.decoder;
    const passed = new Passage(options, done());
    const { index = null } = options;
    const trail = index === null ? null : new SeekTrail(object.sizeBytes, index.earlier, index.everyBytes);
    let state = encoded === undefined ? null : decodeDecoder(encoded);
    const { limits } = options.decoders;
    const stream = new DecodedStream(
      options.decoders,
      {
        object,
        codec,
        from: state,
        until: end && untilOf(end, codec, object.sizeBytes),
        stateEvery: passed.stateEvery,
        checksums: options.stretch === undefined ? 'receiver' : 'decoder',
        blockThreads: blockThreadsFor(options),
        outputSlots: limits.outputSlots,
        slotBytes: limits.slotBytes,
        reading: { readAheadBytes: limits.readAheadBytes, rangeBytes: limits.rangeBytes },
      },
      options.source,
      signal,
    );
    for await (const slice of stream.slices()) {
      saving.throwFailure();
      await take(slice);
      if (slice.state !== null) {
        state = slice.state;
        trail?.offer(state);
      }
      await checkpoint();
      if (passed.wantsProgress()) {
        const { compressedBytes } = slice;
        options.onProgress?.({ compressedBytes, outputBytes: tar.offset, files: sink.files });
      }
    }
    if (end === null) {
      tar.finish();
    } else {
      requireEnd(end, { tar, sink, crc: stream.crc });
      await sink.leave(tar.entry);
    }
    await saved();
    await options.failpoint?.('archive:before-last-sync');
    await writer.sync();
    const compressedBytes = end?.decoder.compressedBytes ?? object.sizeBytes;
    const progress = { compressedBytes, outputBytes: tar.offset, files: sink.files };
    options.onProgress?.(progress);
    const { checkedFiles, mismatches, pageFindings, inexactNames } = sink;
    return {
      ...progress,
      captured: sink.captured(),
      checkedFiles,
      mismatches,
      pageFindings,
      inexactNames,
      trail: trail?.take() ?? null,
    };

    function done(): number {
      return tar.offset + sink.files * bytesForFile;
    }

    async function take(slice: DecodedSlice): Promise<void> {
      signal.throwIfAborted();
      // The tar reader may stand further than the decoder that was restored.
      let bytes = slice.bytes.subarray(Math.max(0, tar.offset - slice.outputStart));
      const toPoint = trail?.bytesToPoint(slice, tar, sink) ?? null;
      if (toPoint !== null && toPoint <= bytes.length) {
        const first = bytes.subarray(0, toPoint);
        await feed(first);
        trail?.makePoint(first, tar, sink);
        bytes = bytes.subarray(toPoint);
      }
      await feed(bytes);
    }

    async function feed(bytes: Uint8Array): Promise<void> {
      for (const event of tar.feed(bytes)) {
        if (event.type === 'entry') {
          if (event.entry.kind !== 'directory') trail?.addPath(event.entry.path);
          await sink.begin(event.entry);
        } else if (event.type === 'data') {
          await sink.data(event.bytes);
        } else if (event.type === 'entryEnd') {
          await sink.end(event.entry);
          await checkpoint();
        }
      }
    }

    /** Of where everything stands now; what comes while it is brought to disk belongs to the next one. */
    async function checkpoint(): Promise<void> {
      if (state === null || !passed.isDue(done())) return;
      if (!sink.canBeSaved) return;
      await saved();
      await options.failpoint?.('archive:before-sync');
      const { onDisk } = await writer.startSync();
      const { sizeBytes } = object;
      const made = makeCheckpoint({ sizeBytes, decoder: state, tar: tar.state(), sink: sink.state() });
      passed.checkpointed(done());
      saving.follow(save(made, trail?.take() ?? null, onDisk));
    }

    async function saved(): Promise<void> {
      await saving.settle();
      saving.throwFailure();
    }

    async function save(
      made: ArchiveCheckpoint,
      entry: TrailEntry | null,
      onDisk: Promise<void>,
    ): Promise<void> {
      await onDisk;
      await options.failpoint?.('archive:synced');
      await options.checkpoint.save(made, entry);
      await options.failpoint?.('archive:saved');
    }
  } catch (error) {
    throw withName(error, options.name);
  } finally {
    await saving.settle();
    await writer.close();
  }
}

/** A point's own state may stand before its position. */
const untilOf = (end: SeekPoint, codec: Codec, sizeBytes: number) => ({
  outputBytes: end.tar.offset,
  compressedBytes: Math.min(sizeBytes, end.decoder.compressedBytes + reachBytes(codec)),
});

/** A stretch has ended where the next one began: position, checksum of the member, checksum of the file. */
function requireEnd(
  end: SeekPoint,
  { tar, sink, crc }: { tar: TarReader; sink: EntrySink; crc: number },
): void {
  const { savedHash } = sink;
  const expected = new TarReader(end.tar);
  const isThere =
    tar.offset === expected.offset &&
    tar.entry?.path === expected.entry?.path &&
    tar.entryOffset === expected.entryOffset &&
    (end.memberCrc === null || end.memberCrc === crc) &&
    (end.fileHash === null || savedHash === null || end.fileHash === savedHash);
  if (isThere) return;
  throw new OdoError(
    'INDEX_MISMATCH',
    `The seek index does not fit the object: it leads elsewhere at byte ${end.decoder.compressedBytes}.`,
    {
      details: {
        compressedOffset: end.decoder.compressedBytes,
        tarOffset: tar.offset,
        expected: end.tar.offset,
      },
    },
  );
}

/** When the next checkpoint and the next report of progress are due. */
class Passage {
  readonly #options: RestoreArchiveOptions;
  #done: number;
  #ms: number;
  #progressMs: number;

  constructor(options: RestoreArchiveOptions, done: number) {
    this.#options = options;
    this.#done = done;
    this.#ms = options.nowMs();
    this.#progressMs = this.#ms;
  }

  get #every(): { everyBytes: number; everyMs: number } {
    const { everyBytes = defaults.everyBytes, everyMs = defaults.everyMs } = this.#options.checkpoint;
    return { everyBytes, everyMs };
  }

  /** Often enough that a checkpoint that is due finds a state near by. */
  get stateEvery(): { bytes: number; ms: number } {
    const { everyBytes, everyMs } = this.#every;
    return { bytes: Math.min(stateEvery.bytes, everyBytes / 4), ms: Math.min(stateEvery.ms, everyMs / 4) };
  }

  isDue(done: number): boolean {
    if (done === this.#done) return false;
    const { everyBytes, everyMs } = this.#every;
    return done - this.#done >= everyBytes || this.#options.nowMs() - this.#ms >= everyMs;
  }

  checkpointed(done: number): void {
    this.#done = done;
    this.#ms = this.#options.nowMs();
  }

  wantsProgress(): boolean {
    const now = this.#options.nowMs();
    if (now - this.#progressMs < progressEveryMs) return false;
    this.#progressMs = now;
    return true;
  }
}
