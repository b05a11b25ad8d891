import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noLongerKept } from '../../../src/take/retention.ts';

const day = 86_400_000;
const now = new Date('2026-11-28T00:00:00Z');
const cluster = { systemIdentifier: '1', now };
const backup = (id: string, daysAgo: number, systemIdentifier = '1') => ({
  ...{ id, systemIdentifier },
  finishedAt: new Date(now.getTime() - daysAgo * day).toISOString(),
});
const goes = (keepLast: number | null, keepForDays: number | null, backups: ReturnType<typeof backup>[]) =>
  noLongerKept(
    backups,
    { keepLast, keepForMs: keepForDays === null ? null : keepForDays * day },
    cluster,
  ).map(({ id }) => id);

const all = [backup('today', 0), backup('week', 7), backup('month', 30), backup('year', 365)];

test.each([
  [null, null, []],
  [1, null, ['week', 'month', 'year']],
  [3, null, ['year']],
  [9, null, []],
  [null, 14, ['month', 'year']],
  [3, 14, ['year']],
  [1, 60, ['year']],
] as const)('keep-last %s and keep-for %s days remove what neither keeps: %j', (last, days, expected) => {
  expect(goes(last, days, [...all].reverse())).toEqual(expected);
});

test('the newest stays, however old it is', () => {
  expect(goes(null, 1, [backup('old', 100), backup('older', 200)])).toEqual(['older']);
});

test('backups of another cluster neither count nor go', () => {
  expect(goes(1, null, [...all.slice(0, 2), backup('other', 1, '2'), backup('another', 99, '2')])).toEqual([
    'week',
  ]);
});

test('whatever there is, one that goes is older than all that stay by number, and as old as it must be', () => {
  const ages = fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(
      ages,
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 500 }),
      (days, last, keepFor) => {
        const backups = days.map((age) => backup(String(age), age));
        const gone = new Set(goes(last, keepFor, backups).map(Number));
        const newest = days.toSorted((a, b) => a - b).slice(0, last);
        for (const age of days) expect(gone.has(age)).toBe(!newest.includes(age) && age >= keepFor);
      },
    ),
  );
});
