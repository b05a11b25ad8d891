import { isReadable } from '../archive/open-decoder.ts';
import { type LongPageHeader, longPageHeaderBytes, parseLongPageHeader } from '../postgres/wal-page.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { Codec } from './base-backup.ts';
import { sniffCodec } from './codec-magic.ts';
import { firstBlockBytes, type PinnedObject, readDecodedHead, readFirstBytes } from './object-head.ts';

/** The codec of an archived segment and, where this version can unpack it, its first page's header. */
export async function readWalHeader(
  storage: ObjectStorage,
  object: PinnedObject,
  signal: AbortSignal,
): Promise<{ codec: Codec; header: LongPageHeader | null }> {
  const first = await readFirstBytes(storage, object, signal);
  const codec = sniffCodec(first);
  if (codec === 'none') return { codec, header: parseLongPageHeader(first) };
  if (!isReadable(codec)) return { codec, header: null };
  let unpacked: Uint8Array = new Uint8Array(0);
  const chunks = readDecodedHead(storage, object, codec, { signal, limitBytes: firstBlockBytes });
  for await (const chunk of chunks) {
    unpacked = Buffer.concat([unpacked, chunk]);
    if (unpacked.length >= longPageHeaderBytes) break;
  }
  return { codec, header: parseLongPageHeader(unpacked) };
}
