import { randomBytes } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Crc32 } from '../../../../src/archive/hash/crc32.ts';
import { Crc32c } from '../../../../src/archive/hash/crc32c.ts';
import { adoptMemory } from '../../../../src/archive/hash/hash-module.ts';

describe('CRC-32', () => {
  it('is that of zlib, for any length, split and begin', async () => {
    const sum = await Crc32.open();
    const content = randomBytes(300_000);
    fc.assert(
      fc.property(
        fc.nat(content.length),
        fc.nat(content.length),
        fc.nat(0xffff_ffff),
        (one, other, begin) => {
          const [from, to] = [Math.min(one, other), Math.max(one, other)];
          const middle = from + Math.floor((to - from) / 3);
          const wanted = zlibCrc32(content.subarray(from, to), begin);
          expect(sum.of(content.subarray(from, to), begin)).toBe(wanted);
          expect(sum.of(content.subarray(middle, to), sum.of(content.subarray(from, middle), begin))).toBe(
            wanted,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('knows its check value', async () => {
    expect((await Crc32.open()).of(Buffer.from('123456789'), 0)).toBe(0xcbf43926);
  });
});

describe('sums of what lies in the memory of a decoder', () => {
  it.each(['receiver', 'decoder'] as const)(
    'are the same, and leave it as it is, for the %s',
    async (thread) => {
      const memory = new WebAssembly.Memory({ initial: 20, maximum: 1024, shared: true });
      const bytes = new Uint8Array(memory.buffer);
      const own = 5 * 65_536;
      bytes.set(randomBytes(65_536), 0);
      bytes.set(randomBytes(bytes.length - own), own);
      const before = Buffer.from(bytes);
      await adoptMemory(memory, thread);
      const sum = await Crc32.open();
      for (const [from, to] of [
        [own, bytes.length],
        [own + 1, own + 70_003],
        [own + 16, own + 32],
        [own + 5, own + 5],
      ] as const) {
        const there = bytes.subarray(from, to);
        const copy = Buffer.from(there);
        expect(sum.of(there, 7)).toBe(zlibCrc32(copy, 7));
        const [castagnoli, ofCopy] = [await Crc32c.open(), await Crc32c.open()];
        castagnoli.update(there);
        ofCopy.update(copy);
        expect(castagnoli.digest()).toBe(ofCopy.digest());
      }
      // Only the pages that are reserved for it have changed.
      expect(before.subarray(0, 65_536).equals(bytes.subarray(0, 65_536))).toBe(true);
      expect(before.subarray(own).equals(bytes.subarray(own))).toBe(true);
    },
  );
});
