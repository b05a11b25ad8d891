import { DecodedStream } from '../archive/decode/decoded-stream.ts';
import type { DecoderPool } from '../archive/decode/decoder-pool.ts';
import { withName } from '../archive/with-name.ts';
import type { WalObject } from '../backup/base-backup.ts';
import { sniffBytes, sniffCodec } from '../backup/codec-magic.ts';
import { damagedWal, readWalObject } from '../backup/read-wal-object.ts';
import { type ExpectedSegment, segmentProblem } from '../backup/segment-problem.ts';
import { errorCode, type OdoError } from '../errors/odo-error.ts';
import { longPageHeaderBytes } from '../postgres/wal-page.ts';
import { isWalSegmentName } from '../postgres/wal-segment.ts';
import { readBytes } from '../storage/object-reader.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { TreeWriter } from '../target/tree.ts';

/** History files are a few lines for each timeline. */
const historyLimitBytes = 1024 * 1024;

/** The archive of WAL, and what its segments must be. */
export interface WalSource {
  readonly storage: Pick<ObjectStorage, 'locate'>;
  /** The most to ask for at once. @unit bytes */
  readonly rangeBytes: number;
  /** For what would keep this thread too busy. */
  readonly decoders: DecoderPool;
  readonly expected: Omit<ExpectedSegment, 'name'>;
}

/**
 * Reads, decompresses and checks one WAL object and writes it to `path`. Returns its size.
 * @throws ARCHIVE_CORRUPT, and what the store and the writer throw
 */
export async function fetchWalObject(
  source: WalSource,
  object: WalObject,
  { writer, path, signal }: { writer: TreeWriter; path: string; signal: AbortSignal },
): Promise<number> {
  const chunks = decoded(source, object, signal);
  return isWalSegmentName(object.name)
    ? writeSegment(chunks, source, object, writer, path)
    : writeHistory(chunks, object, writer, path);
}

async function writeHistory(
  chunks: AsyncIterable<Uint8Array>,
  object: WalObject,
  writer: TreeWriter,
  path: string,
): Promise<number> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > historyLimitBytes) throw damaged(object, 'is too large for a timeline history file');
    parts.push(chunk.slice());
  }
  await writer.beginFile({ path, sizeBytes: size }, 0);
  for (const part of parts) await writer.write(part);
  await writer.endFile();
  return size;
}

async function writeSegment(
  chunks: AsyncIterable<Uint8Array>,
  { expected }: WalSource,
  object: WalObject,
  writer: TreeWriter,
  path: string,
): Promise<number> {
  const { segmentBytes } = expected;
  await writer.beginFile({ path, sizeBytes: segmentBytes }, 0);
  let size = 0;
  let head: Uint8Array | null = new Uint8Array();
  for await (const chunk of chunks) {
    if (head !== null) {
      head = Buffer.concat([head, chunk.subarray(0, longPageHeaderBytes)]);
      if (head.length >= longPageHeaderBytes) {
        const problem = segmentProblem(head, { ...expected, name: object.name });
        if (problem !== null) throw damaged(object, problem);
        head = null;
      }
    }
    size += chunk.length;
    if (size > segmentBytes) throw damaged(object, `is larger than a segment of ${segmentBytes} bytes`);
    await writer.write(chunk);
  }
  if (size !== segmentBytes) throw damaged(object, `has ${size} bytes, but a segment has ${segmentBytes}`);
  await writer.endFile();
  return size;
}

async function* decoded(
  source: WalSource,
  object: WalObject,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  if (slowName.test(object.key)) {
    const head = await readBytes(source.storage, object, { from: 0, to: sniffBytes }, signal);
    const codec = sniffCodec(head);
    if (codec === 'bzip2' || codec === 'xz') return yield* decodedInThread(source, object, codec, signal);
  }
  // Tried again only a few times here: whoever brings WAL goes on trying for much longer, and says so.
  yield* readWalObject(source.storage, object, { rangeBytes: source.rangeBytes, signal, retries: 3 });
}

/** A core decodes these more slowly than a server replays WAL, so that they are worth a look ahead and a thread each. */
const slowName = /\.(bz2|xz)$/;

async function* decodedInThread(
  { decoders, storage }: WalSource,
  object: WalObject,
  codec: 'bzip2' | 'xz',
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { limits } = decoders;
  const stream = new DecodedStream(
    decoders,
    {
      object,
      codec,
      from: null,
      until: null,
      stateEvery: { bytes: Number.MAX_SAFE_INTEGER, ms: Number.MAX_SAFE_INTEGER },
      checksums: 'decoder',
      blockThreads: 1,
      outputSlots: limits.outputSlots,
      slotBytes: limits.slotBytes,
      reading: { readAheadBytes: limits.readAheadBytes, rangeBytes: limits.rangeBytes },
    },
    { locate: (range, stop) => storage.locate(object, range, stop) },
    signal,
  );
  try {
    for await (const { bytes } of stream.slices()) yield bytes;
  } catch (error) {
    throw errorCode(error) === 'ARCHIVE_CORRUPT' ? withName(error, object.key) : error;
  }
}

const hint =
  'Recovery cannot pass it. Restore the object from another copy of the archive and have the WAL planned anew, by naming where recovery goes: odo resume RUN --target-…';

const damaged = ({ key }: WalObject, what: string): OdoError => damagedWal(key, what, hint);
