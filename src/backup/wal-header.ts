import { isReadable } from '../archive/open-decoder.ts';
import { type LongPageHeader, longPageHeaderBytes, parseLongPageHeader } from '../postgres/wal-page.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { codecOf } from './codec-magic.ts';
import { firstBlockBytes, type PinnedObject, readDecodedHead, readFirstBytes } from './object-head.ts';

/** The header of an archived segment's first page, however it is compressed; null when there is none. */
export async function readWalHeader(
  storage: ObjectStorage,
  object: PinnedObject,
  signal: AbortSignal,
): Promise<LongPageHeader | null> {
  const first = await readFirstBytes(storage, object, signal);
  const codec = codecOf(first, object.key);
  if (codec === 'none') return parseLongPageHeader(first);
  if (!isReadable(codec)) return null;
  let unpacked: Uint8Array = new Uint8Array(0);
  const chunks = readDecodedHead(storage, object, codec, { signal, limitBytes: firstBlockBytes });
  for await (const chunk of chunks) {
    unpacked = Buffer.concat([unpacked, chunk]);
    if (unpacked.length >= longPageHeaderBytes) break;
  }
  return parseLongPageHeader(unpacked);
}
