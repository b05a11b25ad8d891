import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTime, printable } from '../../../src/report/text.ts';
import { formatRoundDuration } from '../../../src/report/units.ts';

test('what a terminal would obey or XML cannot hold is written out; line feeds, tabs and all scripts stay', () => {
  expect(printable('a\u001b[31mb')).toBe('a\\u001b[31mb');
  expect(printable('\u202egnp.exe')).toBe('\\u202egnp.exe');
  expect(printable('\ud800')).toBe('\\ud800');
  expect(printable('a\r\nb\tc\rd')).toBe('a\nb\tc\\u000dd');
  expect(printable('Zürich 東京 🐘')).toBe('Zürich 東京 🐘');
});

test('nothing is left to be written out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const once = printable(text);
      expect(once.isWellFormed()).toBe(true);
      expect(printable(once)).toBe(once);
    }),
  );
});

test('times are told to the second, and what is none as it is', () => {
  expect(formatTime('2026-11-22T22:09:55.123Z')).toBe('2026-11-22 22:09:55 UTC');
  expect(formatTime('2026-11-23T01:09:55+03:00')).toBe('2026-11-22 22:09:55 UTC');
  expect(formatTime('soon')).toBe('soon');
});

test.each([
  [0, '0'],
  [500, '0.5 s'],
  [5000, '5 s'],
  [300_000, '5 m'],
  [330_000, '5 m 30 s'],
  [5_400_000, '1 h 30 m'],
  [86_400_000, '1 d'],
])('%d ms as a limit', (ms, text) => {
  expect(formatRoundDuration(ms)).toBe(text);
});
