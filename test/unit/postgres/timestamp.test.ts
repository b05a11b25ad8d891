import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatMicros, parseMicros, serverTimestamp, shortTime } from '../../../src/postgres/timestamp.ts';

it('keeps every microsecond', () => {
  const micros = fc.bigInt({ min: 0n, max: 4_102_444_800_000_000n });
  fc.assert(
    fc.property(micros, (one) => {
      expect(parseMicros(formatMicros(one))).toBe(one);
      expect(parseMicros(shortTime(one))).toBe(one);
      expect(parseMicros(serverTimestamp(formatMicros(one)))).toBe(one);
    }),
  );
});

it.each([
  ['2026-11-27T19:57:00Z', '2026-11-27 19:57:00.000000+00', '2026-11-27T19:57:00Z'],
  ['2026-11-27T20:57:00.1+01:00', '2026-11-27 19:57:00.100000+00', '2026-11-27T19:57:00.1Z'],
  ['2026-11-27T19:57:00.000001Z', '2026-11-27 19:57:00.000001+00', '2026-11-27T19:57:00.000001Z'],
  ['1969-12-31T23:59:59.999999Z', '1969-12-31 23:59:59.999999+00', '1969-12-31T23:59:59.999999Z'],
])('%s is for the server %s', (text, forServer, short) => {
  expect(serverTimestamp(text)).toBe(forServer);
  expect(shortTime(parseMicros(text) ?? 0n)).toBe(short);
});

it.each(['', 'now', '2026-11-27', '2026-11-27T19:57:00'])('%j is no time', (text) => {
  expect(parseMicros(text)).toBeNull();
});
