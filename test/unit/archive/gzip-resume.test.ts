import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DecoderState, openDecoder } from '../../../src/archive/open-decoder.ts';
import { buildInflate, decodeRest, mixedData, numbersFrom, piecesOf, someGzip } from './gzip-samples.ts';

beforeAll(async () => {
  await buildInflate();
}, 60_000);

/** Every snapshot taken on the way, with the number of output bytes before it. */
async function snapshots(
  gzip: Uint8Array,
  size: () => number,
  wanted: () => boolean,
): Promise<{ state: DecoderState; before: number }[]> {
  const decoder = await openDecoder('gzip');
  const taken: { state: DecoderState; before: number }[] = [];
  let before = 0;
  if (wanted()) taken.push({ state: decoder.snapshot(), before });
  for (const piece of piecesOf(gzip, size)) {
    for await (const slice of decoder.push(piece)) {
      before += slice.length;
      if (wanted()) taken.push({ state: decoder.snapshot(), before });
    }
    if (wanted()) taken.push({ state: decoder.snapshot(), before });
  }
  decoder.finish();
  return taken;
}

describe('gzip decoder state', () => {
  it('continues byte for byte from random points of random streams', async () => {
    const phases = new Set<string>();
    let resumed = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const below = numbersFrom(seed * 7919);
      const parts = Array.from({ length: 1 + below(3) }, (_, i) => mixedData(seed * 10 + i, below(150_000)));
      const data = Buffer.concat(parts);
      const gzip = Buffer.concat([
        ...parts.map((part, i) => someGzip(seed + i, part)),
        Buffer.alloc(below(40)),
      ]);
      const most = [3, 50, 2000, 60_000][below(4)]!;
      const share = Math.max(1, Math.floor(gzip.length / most / 4));
      for (const { state, before } of await snapshots(
        gzip,
        () => 1 + below(most),
        () => below(share) === 0,
      )) {
        expect(state.outputBytes).toBe(before);
        const tail = await decodeRest(gzip, state, () => 1 + below(9000));
        expect(tail.equals(data.subarray(before)), `seed ${seed}, byte ${state.compressedBytes}`).toBe(true);
        resumed++;
        if (state.codec === 'gzip') phases.add(`${state.phase} ${state.block?.mode} ${state.block?.isFixed}`);
      }
    }
    expect(resumed).toBeGreaterThan(200);
    // between, and inside of stored, fixed and dynamic blocks, headers and trailers
    for (const phase of ['header', 'trailer', 'between', 'padding']) {
      expect(
        [...phases].some((seen) => seen.startsWith(phase)),
        phase,
      ).toBe(true);
    }
    for (const mode of ['deflate 0', 'deflate 1', 'deflate 2 0', 'deflate 2 1']) {
      expect(
        [...phases].some((seen) => seen.startsWith(mode)),
        mode,
      ).toBe(true);
    }
  });

  it('can be taken after every single byte of a stream', async () => {
    const data = mixedData(77, 6000);
    for (const gzip of [someGzip(1, data), gzipSync(data, { level: 9 }), gzipSync(data, { level: 0 })]) {
      const taken = await snapshots(
        gzip,
        () => 1,
        () => true,
      );
      for (const { state, before } of taken) {
        expect((await decodeRest(gzip, state)).equals(data.subarray(before))).toBe(true);
      }
      expect(taken.length).toBeGreaterThan(gzip.length);
    }
  });

  it('is small JSON beside a window of at most 32 KiB', async () => {
    const data = mixedData(13, 3_000_000);
    for (const { state } of await snapshots(
      gzipSync(data),
      () => 100_000,
      () => true,
    )) {
      if (state.codec !== 'gzip') throw new Error('not gzip');
      const { window, ...rest } = state;
      expect(window.length).toBeLessThanOrEqual(32_768);
      expect(JSON.stringify(rest).length).toBeLessThan(1500);
      expect(JSON.parse(JSON.stringify(rest))).toEqual(rest);
    }
  });

  it('still notices a wrong checksum after a resume', async () => {
    const gzip = gzipSync(mixedData(4, 500_000));
    const taken = await snapshots(
      gzip,
      () => 50_000,
      () => true,
    );
    const middle = taken[Math.floor(taken.length / 2)]!;
    gzip[gzip.length - 8] = (gzip[gzip.length - 8] ?? 0) ^ 1;
    await expect(decodeRest(gzip, middle.state)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('CRC-32'),
    });
  });
});
