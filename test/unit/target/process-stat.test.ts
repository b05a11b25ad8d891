import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseProcessStat } from '../../../src/target/process-stat.ts';

const fields = '1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0';

test.each([
  ['7 (postgres) S', { name: 'postgres', start: '4711' }],
  ['7 (a) b (c)) R', { name: 'a) b (c)', start: '4711' }],
  ['7 (postgres) Z', null],
  ['7 (postgres) X', null],
])('%s', (before, expected) => {
  expect(parseProcessStat(`${before} 1 ${fields} 4711 0 0`)).toEqual(expected);
});

test('of this process, and of none', () => {
  expect(parseProcessStat(readFileSync('/proc/self/stat', 'utf8'))?.start).toMatch(/^\d+$/);
  expect(parseProcessStat('')).toBeNull();
});
