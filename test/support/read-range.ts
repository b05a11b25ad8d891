import { freshBlock } from '../../src/storage/block-pool.ts';
import type { ObjectStorage } from '../../src/storage/object-storage.ts';
import type { ByteRange } from '../../src/storage/range-location.ts';
import { readRange } from '../../src/storage/range-reader.ts';

/** One attempt at a range, as a thread would make it: the location comes through a structured clone. */
export async function readOnce(
  storage: Pick<ObjectStorage, 'locate'>,
  object: { readonly key: string; readonly etag: string },
  range: ByteRange,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const location = structuredClone(await storage.locate(object, range, signal));
  await readRange(location, {
    signal,
    stallMs: 30_000,
    onBytes: (bytes) => chunks.push(bytes),
    allocate: freshBlock,
  });
  return Buffer.concat(chunks);
}
