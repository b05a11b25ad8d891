import type { Codec } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import { BrotliDecoder, type BrotliState } from './brotli-decoder.ts';
import { openBzip2Decoder } from './bzip2/bzip2-decoder.ts';
import type { Bzip2State } from './bzip2/stream-reader.ts';
import type { Decoder } from './decoder.ts';
import { type GzipState, openGzipDecoder } from './inflate/gzip-decoder.ts';
import { type Lz4State, openLz4Decoder } from './lz4/lz4-decoder.ts';
import { PlainDecoder, type PlainState } from './plain-decoder.ts';
import { openSnappyDecoder, type SnappyState } from './snappy/snappy-decoder.ts';
import { openXzDecoder, type XzState } from './xz/xz-decoder.ts';
import { ZstdDecoder, type ZstdState } from './zstd/zstd-decoder.ts';

/**
 * Where a decoder stands. Everything but `window` (bytes, in codecs that have one) is JSON; `compressedBytes` is the
 * offset in the object of the next byte to give to the restored decoder, `outputBytes` that of the next one it gives.
 */
export type DecoderState =
  | PlainState
  | GzipState
  | Bzip2State
  | XzState
  | Lz4State
  | SnappyState
  | ZstdState
  | BrotliState;

type ReadableCodec = DecoderState['codec'];

/** A decoder from the beginning, or one that goes on from `state`. */
type Open<State> = (state?: State) => Promise<Decoder<State>>;

/** What odo can decode; a new codec is a row here and a state in the union above. */
const openers: { readonly [Name in ReadableCodec]: Open<Extract<DecoderState, { codec: Name }>> } = {
  none: async (state) => new PlainDecoder(state),
  gzip: (state) => openGzipDecoder({ state }),
  bzip2: openBzip2Decoder,
  xz: openXzDecoder,
  lz4: openLz4Decoder,
  snappy: openSnappyDecoder,
  zstd: async (state) => new ZstdDecoder(state),
  brotli: async () => new BrotliDecoder(),
};

const MiB = 1024 ** 2;

/** Of codecs that decode a block only when all of it is there: the longest one. @unit bytes */
const blockBytes: Partial<Record<Codec, number>> = { lz4: 4 * MiB, bzip2: 3 * MiB };

/**
 * How much of an object behind a state the next 64 KiB of output may be made of: two blocks, or what deflate needs for
 * them, which 1 MiB always holds, short of a stream made of nothing but empty blocks. @unit bytes
 */
export function reachBytes(codec: Codec): number {
  return MiB + 2 * (blockBytes[codec] ?? 0);
}

export function isReadable(codec: Codec): codec is ReadableCodec {
  return Object.hasOwn(openers, codec);
}

/** For messages. */
export const readableCodecs: string = Object.keys(openers)
  .map((codec) => (codec === 'none' ? 'no compression' : codec))
  .join(', ');

/** @throws FORMAT_UNKNOWN for a codec that this version does not read */
export async function openDecoder(codec: Codec, state?: DecoderState): Promise<Decoder<DecoderState>> {
  if (state !== undefined && state.codec !== codec) {
    throw new OdoError('BUG', `A decoder state of codec ${state.codec} cannot continue a ${codec} object.`);
  }
  if (!isReadable(codec)) {
    throw new OdoError('FORMAT_UNKNOWN', `odo cannot read archives compressed with ${codec}.`, {
      hint: `Use a backup with one of: ${readableCodecs}.`,
      details: { codec },
    });
  }
  return (openers[codec] as Open<DecoderState>)(state);
}
