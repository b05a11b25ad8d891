import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip } from 'node:zlib';
import { errorCode, OdoError } from '../errors/odo-error.ts';
import { readBytes, readObject } from '../storage/object-reader.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import type { Codec } from './base-backup.ts';
import { sniffBytes } from './codec-magic.ts';

/** @unit bytes */
const headRangeBytes = 256 * 1024;

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
 * The unpacked beginning of a gzip or uncompressed object, as far as its first `limitBytes` stored bytes reach; the
 * consumer stops when it has what it wants. Several gzip members are one stream: pg_basebackup's first is empty.
 */
export async function* readDecodedHead(
  storage: ObjectStorage,
  object: PinnedObject,
  codec: Codec,
  options: { signal: AbortSignal; limitBytes: number },
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  // Most heads end within the first range; only a long search asks for more.
  const stored = readObject(storage, object, {
    to: options.limitBytes,
    signal,
    rangeBytes: headRangeBytes,
    memoryBytes: headRangeBytes,
  });
  if (codec === 'none') {
    yield* stored;
    return;
  }
  // A cut stream is not an error here, hence the sync flush at its end.
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 256 * 1024 });
  const feeding = pipeline(Readable.from(stored, { highWaterMark: 1 }), gunzip, { signal });
  feeding.catch(() => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
    await feeding;
  } catch (error) {
    options.signal.throwIfAborted();
    // The consumer's side sees a premature close; the feeding side knows why.
    const first = await feeding.then(
      () => error,
      (cause: unknown) => cause,
    );
    if (errorCode(first)) throw first;
    throw new OdoError('ARCHIVE_CORRUPT', `${object.key} is not a readable gzip stream.`, {
      hint: 'The object is damaged. Choose another backup.',
      details: { key: object.key },
      cause: first,
    });
  } finally {
    stop.abort();
    gunzip.destroy();
  }
}
