import { constants, gzipSync } from 'node:zlib';
import type { Decoder, Slices } from '../../../src/archive/decoder.ts';
import { buildInflate } from '../../../src/archive/inflate/build.ts';
import { type DecoderState, openDecoder } from '../../../src/archive/open-decoder.ts';

export { buildInflate };

/** Deterministic numbers (mulberry32): a failing case can be run again by its seed. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Noise, runs, short and long repetitions and text, in pieces: every kind of match there is. */
export function mixedData(seed: number, size: number): Buffer {
  const below = numbersFrom(seed);
  const data = Buffer.alloc(size);
  let at = 0;
  while (at < size) {
    const length = Math.min(size - at, 1 + below(below(4) === 0 ? 70_000 : 900));
    const kind = below(6);
    if (kind === 0) for (let i = 0; i < length; i++) data[at + i] = below(256);
    else if (kind === 1) data.fill(below(256), at, at + length);
    else if (kind === 2) {
      const period = 1 + below(20);
      for (let i = 0; i < length; i++) data[at + i] = i < period ? below(256) : data[at + i - period]!;
    } else if (kind === 3 && at > 0) {
      const distance = 1 + below(Math.min(at, 40_000));
      for (let i = 0; i < length; i++) data[at + i] = data[at + i - distance]!;
    } else if (kind === 4) {
      for (let i = 0; i < length; i++) data[at + i] = 97 + Math.min(below(26), below(26), below(26));
    } else {
      for (let i = 0; i < length; i++) data[at + i] = i % 24 < 8 ? (at + (i >> 3)) & 255 : 0;
    }
    at += length;
  }
  return data;
}

/** One member in one of the ways zlib can write it: stored, fixed and dynamic blocks, small windows, flushes. */
export function someGzip(seed: number, data: Uint8Array): Buffer {
  const below = numbersFrom(seed);
  const strategies = [
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FIXED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FILTERED,
  ];
  return gzipSync(data, {
    level: below(10),
    strategy: below(2) === 0 ? constants.Z_DEFAULT_STRATEGY : strategies[below(5)]!,
    memLevel: 1 + below(9),
    windowBits: 9 + below(7),
  });
}

export function* piecesOf(data: Uint8Array, size: () => number): Generator<Uint8Array> {
  for (let at = 0; at < data.length; ) {
    const length = Math.max(1, size());
    yield data.subarray(at, at + length);
    at += length;
  }
}

export async function copiesOf(slices: Slices): Promise<Buffer[]> {
  const copies: Buffer[] = [];
  for await (const slice of slices) copies.push(Buffer.from(slice));
  return copies;
}

export async function decodeAll(gzip: Uint8Array, size = () => 65_536): Promise<Buffer> {
  const decoder = await openDecoder('gzip');
  const output: Buffer[] = [];
  for (const piece of piecesOf(gzip, size))
    for await (const slice of decoder.push(piece)) output.push(Buffer.from(slice));
  decoder.finish();
  return Buffer.concat(output);
}

/** Goes on from `state` in a fresh decoder, with the bytes a ranged read would bring. */
export async function decodeRest(
  gzip: Uint8Array,
  state: DecoderState,
  size = () => 65_536,
): Promise<Buffer> {
  const decoder: Decoder<DecoderState> = await openDecoder(state.codec, state);
  const output: Buffer[] = [];
  for (const piece of piecesOf(gzip.subarray(state.compressedBytes), size)) {
    for await (const slice of decoder.push(piece)) output.push(Buffer.from(slice));
  }
  decoder.finish();
  return Buffer.concat(output);
}
