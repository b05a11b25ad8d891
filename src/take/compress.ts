import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import { equalParts } from '../storage/equal-parts.ts';
import type { Compression } from './take-request.ts';

/** Each becomes a gzip member or a zstd frame of its own; a file of several is one archive to every decoder. @unit bytes */
const blockBytes = { gzip: 1024 ** 2, zstd: 4 * 1024 ** 2, none: 1024 ** 2 } as const;

const zstd = promisify(zstdCompress);
const zip = promisify(gzip);

const packers: Readonly<Record<Compression, (block: Uint8Array) => Promise<Uint8Array>>> = {
  zstd: (block) => zstd(block, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  gzip: (block) => zip(block),
  none: async (block) => block,
};

/** Compresses block by block in the thread pool, `threads` at a time, and gives them out in order. */
export async function* compress(
  chunks: AsyncIterable<Uint8Array>,
  compression: Compression,
  threads: number,
): AsyncGenerator<Uint8Array> {
  const pack = packers[compression];
  const underWay: Promise<Uint8Array>[] = [];
  for await (const block of equalParts(chunks, blockBytes[compression])) {
    const packing = pack(block);
    // Whoever stops reading before it was its turn does not want to know.
    packing.catch(() => {});
    underWay.push(packing);
    // One more than there are threads, so that none of them waits for this one.
    if (underWay.length > threads + 1) yield* next(underWay);
  }
  while (underWay.length > 0) yield* next(underWay);
}

async function* next(underWay: Promise<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  const packed = await underWay.shift();
  if (packed !== undefined) yield packed;
}
