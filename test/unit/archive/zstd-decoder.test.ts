import { describe, expect, it } from 'vitest';
import { decodeObject, statesOf } from './codec-samples.ts';
import { mixedData } from './gzip-samples.ts';
import { skippableFrame } from './lz4-samples.ts';
import { checkedZstd } from './zstd-samples.ts';

/** A frame of one raw block with the window that the byte says: exponent over ten in its upper five bits. */
const rawFrame = (windowDescriptor: number, text = 'hello'): Buffer =>
  Buffer.concat([
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor, (text.length << 3) | 1, 0, 0]),
    Buffer.from(text),
  ]);

describe('zstd decoder', () => {
  it('passes over skippable frames, also at the begin and the end', async () => {
    const data = mixedData(1, 300_000);
    const packed = Buffer.concat([
      skippableFrame(4),
      checkedZstd(data),
      skippableFrame(0),
      skippableFrame(700_000),
      checkedZstd(data),
      skippableFrame(9),
    ]);
    for (const size of [7, 100_000]) {
      const output = await decodeObject('zstd', packed, { size: () => size });
      expect(output.equals(Buffer.concat([data, data]))).toBe(true);
    }
    await expect(decodeObject('zstd', packed.subarray(0, packed.length - 1))).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      details: { compressedOffset: packed.length - 1 },
    });
  });

  it('has a state at the begin of every frame, and no other', async () => {
    const frames = [1, 2, 3].map((seed) => checkedZstd(mixedData(seed, 50_000)));
    const states = await statesOf('zstd', Buffer.concat(frames), () => 1000);
    const ends = frames.map((_, i) => frames.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
    expect(states.map(({ state }) => state.compressedBytes)).toEqual([0, ...ends]);
    expect(states.map(({ state }) => state.outputBytes)).toEqual([0, 50_000, 100_000, 150_000]);
  });

  it('reads windows beyond the 128 MiB that zlib takes by itself, and refuses what nobody writes', async () => {
    expect((await decodeObject('zstd', rawFrame(18 << 3))).toString()).toBe('hello');
    await expect(decodeObject('zstd', rawFrame(31 << 3))).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('window'),
    });
  });

  it.each([
    ['a dictionary', [0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x00, 0x07], 'needs a dictionary'],
    ['a reserved bit', [0x28, 0xb5, 0x2f, 0xfd, 0x08, 0x00], 'reserved bit'],
    ['a reserved block', [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, 0x07, 0, 0], 'reserved type'],
    ['another format', [0x1f, 0x8b, 0x08, 0x00], 'no zstd frame begins here'],
  ])('names %s', async (_, bytes, fault) => {
    await expect(decodeObject('zstd', Uint8Array.from(bytes))).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(fault),
    });
  });
});
