import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { compareLsn, formatLsn, isLsn, parseLsn } from '../../../src/postgres/lsn.ts';

const anyLsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe('a WAL position', () => {
  it('reads and prints as PostgreSQL does', () => {
    expect(parseLsn('16/B374D848')).toBe(0x16b374d848n);
    expect(formatLsn(0x16b374d848n)).toBe('16/B374D848');
    expect(formatLsn(0n)).toBe('0/0');
    expect(parseLsn('0/02000028')).toBe(0x2000028n);
  });

  it('survives printing and reading', () => {
    fc.assert(fc.property(anyLsn, (lsn) => parseLsn(formatLsn(lsn)) === lsn));
  });

  it('compares as numbers, not as text', () => {
    expect(compareLsn(parseLsn('A/0'), parseLsn('10/0'))).toBeLessThan(0);
    fc.assert(
      fc.property(anyLsn, anyLsn, (a, b) => Math.sign(compareLsn(a, b)) === (a < b ? -1 : a > b ? 1 : 0)),
    );
  });

  it.each(['', '0', '/', '0/', '/0', '0/G', '000000001/0', '0/0 ', ' 0/0', '0/0/0'])('refuses %j', (text) => {
    expect(isLsn(text)).toBe(false);
    expect(() => parseLsn(text)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
  });

  it('never fails with a foreign error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseLsn(text);
        } catch (error) {
          expect(errorCode(error)).toBe('FORMAT_UNKNOWN');
        }
      }),
    );
  });
});
