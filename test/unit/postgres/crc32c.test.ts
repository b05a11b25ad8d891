import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combineCrc32c, crc32c } from '../../../src/postgres/crc32c.ts';

it('CRC-32C is the one that Castagnoli’s polynomial gives', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

it('the CRC-32C of two pieces is made of theirs', () => {
  const content = randomBytes(70_000);
  fc.assert(
    fc.property(fc.nat(content.length), fc.nat(content.length), (one, other) => {
      const [middle, end] = [Math.min(one, other), Math.max(one, other)];
      const second = content.subarray(middle, end);
      const combined = combineCrc32c(crc32c(content.subarray(0, middle)), crc32c(second), second.length);
      expect(combined).toBe(crc32c(content.subarray(0, end)));
    }),
  );
});
