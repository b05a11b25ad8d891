import { expect, it } from 'vitest';
import { cut, printable, widthOf, wrap } from '../../../../src/cli/render/text.ts';
import {
  formatAmount,
  formatDuration,
  formatPercent,
  formatRate,
  formatTime,
} from '../../../../src/cli/render/units.ts';

it.each([
  [0, '0.0 s'],
  [400, '0.4 s'],
  [9_949, '9.9 s'],
  [9_951, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 m 00 s'],
  [362_000, '6 m 02 s'],
  [3_599_600, '1 h 00 m'],
  [11_100_000, '3 h 05 m'],
  [187_200_000, '2 d 04 h'],
  [-5, '0.0 s'],
])('shows %d ms as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it('shows amounts with the unit once where both have it', () => {
  expect(formatAmount(17 * 1024 ** 3, 41.3 * 1024 ** 3, 'bytes')).toBe('17.0 of 41.3 GiB');
  expect(formatAmount(512 * 1024 ** 2, 41.3 * 1024 ** 3, 'bytes')).toBe('512 MiB of 41.3 GiB');
  expect(formatAmount(112, 240, 'segments')).toBe('112 of 240 segments');
  expect(formatAmount(3, null, 'segments')).toBe('3 segments');
});

it('never says 100% before all is done', () => {
  expect(formatPercent(9_999, 10_000)).toBe('99%');
  expect(formatPercent(10_000, 10_000)).toBe('100%');
  expect(formatPercent(0, 0)).toBeNull();
});

it('shows rates and times', () => {
  expect(formatRate(117 * 1024 ** 2, 'bytes')).toBe('117 MiB/s');
  expect(formatRate(0.42, 'segments')).toBe('0.4 segments/s');
  expect(formatTime('2026-11-22T23:09:55.120+01:00')).toBe('2026-11-22T22:09:55Z');
  expect(formatTime('not recorded')).toBe('not recorded');
});

it('wraps between words, and inside a word only when it alone is too long', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrap('a'.repeat(20), 8)).toEqual(['aaaaaaaa', 'aaaaaaaa', 'aaaa']);
  expect(wrap('', 8)).toEqual(['']);
});

it('cuts to columns, wide characters counted twice', () => {
  expect(cut('base.tar.gz', 8)).toBe('base.ta…');
  expect(widthOf('日本')).toBe(4);
  expect(cut('日本語', 5)).toBe('日本…');
});

it('makes control characters harmless', () => {
  expect(printable('a\u001b[2Jb\r\nc\u0007')).toBe('a [2Jb c');
});
