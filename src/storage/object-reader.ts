import { OdoError } from '../errors/odo-error.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import type { ByteRange } from './range-location.ts';
import { ReadAhead } from './read-ahead.ts';
import type { ReadObjectOptions } from './read-options.ts';

/**
 * The bytes of an object in order, from an offset to another or its end, fetched by several ranged reads at a time.
 * No single request lives long: stores close connections that a slow decoder leaves unread, and a broken range costs
 * only itself. A range that fails goes on at the byte it had reached. Loads no SDK: it runs in threads as well.
 */
export async function* readObject(
  source: Pick<ObjectStorage, 'locate'>,
  object: Pick<StoredObject, 'key' | 'etag' | 'sizeBytes'>,
  options: ReadObjectOptions,
): AsyncGenerator<Uint8Array> {
  const { from = 0, to = object.sizeBytes, signal } = options;
  signal.throwIfAborted();
  const end = Math.min(to, object.sizeBytes);
  const ahead = new ReadAhead(source, object, { from, to: end }, options);
  let at = from;
  try {
    for await (const chunk of ahead.chunks()) {
      at += chunk.length;
      yield chunk;
    }
  } finally {
    await ahead.close();
  }
  if (at !== Math.max(from, end)) {
    throw new OdoError('OBJECT_TRUNCATED', `${object.key} ended after ${at} of ${end} bytes.`, {
      hint: 'The store gave less than it announced; try again later (a run that had begun: odo resume).',
      details: { key: object.key, got: at, wanted: end },
    });
  }
}

/** A small part of an object at once, cut off at the object's end. */
export async function readBytes(
  source: Pick<ObjectStorage, 'locate'>,
  object: Pick<StoredObject, 'key' | 'etag' | 'sizeBytes'>,
  range: ByteRange,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readObject(source, object, { ...range, signal })) chunks.push(chunk);
  return Buffer.concat(chunks);
}
