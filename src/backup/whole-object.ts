import type { ObjectStorage } from '../storage/object-storage.ts';
import { codecOf } from './codec-magic.ts';
import { type PinnedObject, readDecodedHead } from './object-head.ts';

/** History files and the like are a few lines. @unit bytes */
const limitBytes = 16 * 1024 * 1024;

/** A small archived file unpacked; text has no magic, so what is no known codec is taken as it is. */
export async function readWholeDecoded(
  storage: ObjectStorage,
  object: PinnedObject,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const stored = await storage.readSmall(object.key, signal);
  const codec = codecOf(stored, object.key);
  if (codec === 'none' || codec === 'unknown') return stored;
  const chunks: Uint8Array[] = [];
  for await (const chunk of readDecodedHead(storage, object, codec, { signal, limitBytes }))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}
