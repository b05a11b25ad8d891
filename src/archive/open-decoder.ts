import type { Codec } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { Decoder } from './decoder.ts';
import { type GzipState, openGzipDecoder } from './inflate/gzip-decoder.ts';
import { PlainDecoder, type PlainState } from './plain-decoder.ts';

/**
 * Where a decoder stands. Everything but `window` is JSON; `compressedBytes` is the offset in the object of the
 * next byte to give to the restored decoder.
 */
export type DecoderState = GzipState | PlainState;

/** A decoder from the beginning, or one that goes on from `state`. */
export async function openDecoder(codec: Codec, state?: DecoderState): Promise<Decoder<DecoderState>> {
  if (state !== undefined && state.codec !== codec) {
    throw new OdoError('BUG', `A decoder state of codec ${state.codec} cannot continue a ${codec} object.`);
  }
  if (codec === 'gzip') return openGzipDecoder({ state: state?.codec === 'gzip' ? state : undefined });
  if (codec === 'none') return new PlainDecoder(state?.codec === 'none' ? state : undefined);
  throw unknownCodec(codec);
}

export function unknownCodec(codec: Codec): OdoError {
  return new OdoError('FORMAT_UNKNOWN', `odo cannot read archives compressed with ${codec} yet.`, {
    hint: 'Use a backup that is compressed with gzip or not at all.',
    details: { codec },
  });
}
