import { readFileSync } from 'node:fs';
import { type DecoderState, openDecoder } from '../../../src/archive/open-decoder.ts';
import type { Codec } from '../../../src/backup/base-backup.ts';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { numbersFrom, piecesOf } from './gzip-samples.ts';

/** Made by the real tools: test/fixtures/codecs/make.ts. */
export const sample = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/codecs/${name}`, import.meta.url));

/** Words, numbers and runs of zeros, as a page of a table has them. The samples hold such data. */
export function pageData(seed: number, size: number): Buffer {
  const below = numbersFrom(seed);
  const words = Array.from({ length: 300 }, () =>
    Buffer.from(Array.from({ length: 2 + below(9) }, () => 97 + below(26))),
  );
  const data = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const kind = below(12);
    if (kind === 0) at += below(600);
    else if (kind === 1) {
      data.fill(below(256), at, Math.min(size, at + below(20)));
      at += 20;
    } else if (kind === 2 && at + 4 <= size) at = data.writeUInt32LE(below(2 ** 32), at);
    else at += words[below(300)]!.copy(data, at);
  }
  return data;
}

export function noise(seed: number, size: number): Buffer {
  const below = numbersFrom(seed);
  return Buffer.from(Array.from({ length: size }, () => below(256)));
}

export interface Decoding {
  /** Of the pieces that the input comes in. */
  readonly size?: () => number;
  readonly state?: DecoderState | undefined;
  /** Called behind every slice and every piece, with the state and the output so far. */
  readonly look?: (state: DecoderState, outputBytes: number) => void;
}

/** All of the output behind `state`; `stored` is the whole object. */
export async function decodeObject(
  codec: Codec,
  stored: Uint8Array,
  options: Decoding = {},
): Promise<Buffer> {
  const { size = () => 65_536, state, look } = options;
  const decoder = await openDecoder(codec, state);
  const output: Buffer[] = [];
  let outputBytes = state?.outputBytes ?? 0;
  const take = (slice: Uint8Array) => {
    output.push(Buffer.from(slice));
    outputBytes += slice.length;
    if (decoder.outputBytes !== outputBytes) throw new Error('outputBytes is not what was handed out');
    look?.(decoder.snapshot(), outputBytes);
  };
  try {
    look?.(decoder.snapshot(), outputBytes);
    for (const piece of piecesOf(stored.subarray(state?.compressedBytes ?? 0), size)) {
      // The caller uses its memory again.
      const input = Uint8Array.from(piece);
      for await (const slice of decoder.push(input)) take(slice);
      input.fill(0xee);
      look?.(decoder.snapshot(), outputBytes);
    }
    for await (const slice of decoder.rest()) take(slice);
    decoder.finish();
  } finally {
    decoder.release();
  }
  return Buffer.concat(output);
}

/** The output, or the code of the error. */
export async function verdict(
  codec: Codec,
  stored: Uint8Array,
  options: Decoding = {},
): Promise<Buffer | string> {
  try {
    return await decodeObject(codec, stored, options);
  } catch (error) {
    return errorCode(error) ?? `foreign error: ${error}`;
  }
}

/** Different states passed on the way, each with what was handed out when it was seen first. */
export async function statesOf(
  codec: Codec,
  stored: Uint8Array,
  size?: () => number,
): Promise<{ state: DecoderState; seenAt: number }[]> {
  const seen = new Map<string, { state: DecoderState; seenAt: number }>();
  await decodeObject(codec, stored, {
    ...(size === undefined ? {} : { size }),
    look: (state, seenAt) => {
      const key = JSON.stringify(state);
      if (!seen.has(key)) seen.set(key, { state, seenAt });
    },
  });
  return [...seen.values()];
}
