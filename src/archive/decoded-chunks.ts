import type { Codec } from '../backup/base-backup.ts';
import { errorCode } from '../errors/odo-error.ts';
import { openDecoder } from './open-decoder.ts';
import { withName } from './with-name.ts';

export interface DecodedChunksOptions {
  readonly codec: Codec;
  /** For errors. */
  readonly name: string;
  /** `stored` is not all of the object: that it ends early is no error. @default false */
  readonly isHead?: boolean;
}

/**
 * What the stored bytes of an object decode to, on this thread, for what is small or looked at briefly. A chunk is
 * valid until the next one is asked for. @throws ARCHIVE_CORRUPT, FORMAT_UNKNOWN, and what `stored` throws
 */
export async function* decodedChunks(
  stored: AsyncIterable<Uint8Array>,
  options: DecodedChunksOptions,
): AsyncGenerator<Uint8Array> {
  const { codec, name, isHead = false } = options;
  const decoder = await openDecoder(codec);
  try {
    for await (const bytes of stored) yield* decoder.push(bytes);
    yield* decoder.rest();
    if (!isHead) decoder.finish();
  } catch (error) {
    throw errorCode(error) === 'ARCHIVE_CORRUPT' ? withName(error, name) : error;
  } finally {
    decoder.release();
  }
}
