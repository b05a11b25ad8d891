import { decodedChunks } from '../archive/decoded-chunks.ts';
import { readBytes, readObject } from '../storage/object-reader.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import type { Codec } from './base-backup.ts';
import { sniffBytes } from './codec-magic.ts';

/** @unit bytes */
const headRangeBytes = 256 * 1024;

/** Holds the first block of every codec: the largest are 4 MiB (lz4). @unit bytes */
export const firstBlockBytes = 5 * 1024 * 1024;

/** What of an object is needed to read it pinned. */
export type PinnedObject = Pick<StoredObject, 'key' | 'etag' | 'sizeBytes'>;

/** The first stored bytes of an object, as they are. */
export async function readFirstBytes(
  storage: ObjectStorage,
  object: PinnedObject,
  signal: AbortSignal,
  count = sniffBytes,
): Promise<Uint8Array> {
  return readBytes(storage, object, { from: 0, to: count }, signal);
}

/**
 * The unpacked beginning of an object, as far as its first `limitBytes` stored bytes reach; the consumer stops when it
 * has what it wants. Chunks are copies. @throws ARCHIVE_CORRUPT, FORMAT_UNKNOWN, and what reading can end with
 */
export async function* readDecodedHead(
  storage: ObjectStorage,
  object: PinnedObject,
  codec: Codec,
  options: { signal: AbortSignal; limitBytes: number },
): AsyncGenerator<Uint8Array> {
  // Most heads end within the first range; only a long search asks for more.
  const stored = readObject(storage, object, {
    to: options.limitBytes,
    signal: options.signal,
    rangeBytes: headRangeBytes,
    memoryBytes: headRangeBytes,
  });
  const isHead = object.sizeBytes > options.limitBytes;
  for await (const chunk of decodedChunks(stored, { codec, name: object.key, isHead })) yield chunk.slice();
}
