import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildHash } from '../../../../src/archive/hash/build.ts';
import { Crc32c } from '../../../../src/archive/hash/crc32c.ts';
import { mixedData } from '../gzip-samples.ts';

beforeAll(async () => {
  await buildHash();
}, 60_000);

/** Bit by bit, as RFC 3720 B.4 has it; `crc` is that of the bytes before. */
function slowCrc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

async function crcOf(bytes: Uint8Array, before = 0): Promise<number> {
  const hash = await Crc32c.open(before);
  hash.update(bytes);
  return hash.saved;
}

// 6688: from here on data is folded; 65536: the piece that is copied into the module.
const lengths = [0, 1, 15, 16, 17, 3343, 3344, 3345, 6687, 6688, 6689, 6704, 6720, 8192, 65_535, 65_536];
const longLengths = [65_537, 65_552, 69_632, 131_072, 131_088, 200_003];

describe('CRC-32C', () => {
  it('has the values of the standard', async () => {
    // check value of the CRC catalogue, and RFC 3720 B.4
    expect(await crcOf(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(await crcOf(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(await crcOf(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(await crcOf(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(await crcOf(new Uint8Array(0))).toBe(0);
  });

  it.each([...lengths, ...longLengths])('is that of %i bytes, wherever folding and pieces end', async (n) => {
    const bytes = mixedData(7, n + 3).subarray(3);
    expect(await crcOf(bytes)).toBe(slowCrc32c(bytes));
    expect(await crcOf(bytes, 0x12345678)).toBe(slowCrc32c(bytes, 0x12345678));
  });

  it('sees every bit of folded data', async () => {
    const bytes = mixedData(8, 7000);
    const right = await crcOf(bytes);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      expect(await crcOf(bytes)).not.toBe(right);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    }
  });

  it('leaves the data as it is', async () => {
    const bytes = mixedData(9, 100_000);
    const before = Buffer.from(bytes);
    await crcOf(bytes);
    expect(before.equals(bytes)).toBe(true);
  });

  it('takes memory that is shared with a decoder’s thread', async () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(20_000), 5, 19_000);
    bytes.set(mixedData(10, 19_000));
    expect(await crcOf(bytes)).toBe(slowCrc32c(bytes));
  });

  it('comes out the same for any split, saved and opened again in between, beside other hashes', async () => {
    const data = mixedData(11, 150_000);
    const cuts = fc.array(fc.nat(data.length), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.nat(40), cuts, async (start, unsorted) => {
        const ends = [...unsorted, data.length].sort((a, b) => a - b).filter((end) => end >= start);
        const whole = await Crc32c.open();
        const other = await Crc32c.open();
        let saved = 0;
        let at = start;
        for (const end of ends) {
          const piece = data.subarray(at, end);
          whole.update(piece);
          other.update(data.subarray(0, 7001));
          const continued = await Crc32c.open(saved);
          continued.update(piece);
          saved = continued.saved;
          at = end;
        }
        expect(saved).toBe(slowCrc32c(data.subarray(start)));
        expect(whole.saved).toBe(saved);
      }),
      { numRuns: 40 },
    );
  });
});
