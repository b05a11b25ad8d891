import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { DecoderState } from './open-decoder.ts';

/** A decoder's state as JSON: a window deflated, in base64 (10 to 90 KB). */
export type EncodedDecoder = Encoded<DecoderState>;

type Encoded<State> = State extends { window: Uint8Array }
  ? Omit<State, 'window'> & { window: string }
  : State;

export function encodeDecoder(state: DecoderState): EncodedDecoder {
  if (!('window' in state)) return state;
  return { ...state, window: deflateRawSync(state.window, { level: 1 }).toString('base64') };
}

export function decodeDecoder(encoded: EncodedDecoder): DecoderState {
  if (!('window' in encoded)) return encoded;
  return { ...encoded, window: inflateRawSync(Buffer.from(encoded.window, 'base64')) };
}
