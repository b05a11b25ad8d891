import { describe, expect, it } from 'vitest';
import { decodeObject, noise, pageData, sample } from './codec-samples.ts';
import { mixedData } from './gzip-samples.ts';
import { lz4Frame, skippableFrame } from './lz4-samples.ts';

describe('lz4 decoder', () => {
  it('reads what the program lz4 writes', async () => {
    for (const size of [1, 1000, 1_000_000]) {
      const linked = await decodeObject('lz4', sample('linked.lz4'), { size: () => size });
      expect(linked.equals(pageData(1, 200_000))).toBe(true);
    }
    const frames = await decodeObject('lz4', sample('frames.lz4'));
    const expected = [pageData(2, 3000), pageData(3, 3000), noise(4, 3000), Buffer.alloc(5_000_000)];
    expect(frames.equals(Buffer.concat(expected))).toBe(true);
  });

  it('passes over skippable frames before, between and behind others', async () => {
    const data = mixedData(1, 300_000);
    const packed = Buffer.concat([
      skippableFrame(5),
      lz4Frame(data),
      skippableFrame(0),
      skippableFrame(900_000),
      lz4Frame(data, { sizeId: 7 }),
      skippableFrame(100),
    ]);
    for (const size of [1, 1000, 1_000_000])
      expect(
        (await decodeObject('lz4', packed, { size: () => size })).equals(Buffer.concat([data, data])),
      ).toBe(true);
    await expect(decodeObject('lz4', packed.subarray(0, packed.length - 1))).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(`at byte ${packed.length - 1}`),
    });
  });

  it.each([
    ['a legacy frame', () => sample('legacy.lz4'), 'no lz4 frame begins here', 0],
    ['a wrong header', () => changed(5, 0x10), 'checksum of a frame header', 0],
    ['a wrong byte in a block', () => changed(100, 1), 'checksum of a block', 7],
    ['a wrong byte in the content checksum', () => changed(-1, 1), 'checksum of a frame’s content', null],
    ['a length beyond its frame', () => changed(9, 0x7f), 'longer than its frame allows', 7],
  ])('names %s and the byte', async (_, packed, fault, compressedOffset) => {
    await expect(decodeObject('lz4', packed())).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(fault),
      details: compressedOffset === null ? {} : { compressedOffset },
    });
  });
});

function changed(at: number, bits: number): Buffer {
  const packed = lz4Frame(mixedData(3, 20_000), { blockChecksums: true });
  packed[at < 0 ? packed.length + at : at]! ^= bits;
  return packed;
}
