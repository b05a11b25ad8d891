import { expect, test } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { openJournal } from '../../../src/journal/open.ts';
import { RunJournal } from '../../../src/journal/run-journal.ts';
import { acquireLease, createRun } from '../../../src/journal/runs.ts';
import { listSamples, mostSamples } from '../../../src/journal/samples.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { SampleKeeper } from '../../../src/run/sample-keeper.ts';
import type { StepProgress } from '../../../src/steps/step.ts';

function journalOfRun() {
  const database = openJournal(':memory:');
  createRun(database, { id: 'r', request: {}, odoVersion: '0', machineVersion: 1, startedAtMs: 0 });
  const take = () =>
    acquireLease(database, 'r', currentExecutor(), {
      nowMs: 0,
      expiresAtMs: 1,
      takeOver: true,
      isDead: () => true,
    });
  return { database, take, journal: new RunJournal(database, 'r', take(), currentExecutor(), () => 0) };
}
const bytes = (done: number) => ({ unit: 'bytes', done, total: 100, item: null }) as const;
const replay: StepProgress = {
  unit: 'wal-bytes',
  ...{ done: 7, total: null, item: null, lsn: '0/2000028', targetLsn: null },
  ...{ commitTime: null, targetTime: null, percent: null },
};

test('a sample is kept every two seconds, and the last one of a phase', () => {
  const { database, journal } = journalOfRun();
  const keeper = new SampleKeeper(journal, 'restoreBase');
  for (const [atMs, done] of [
    [0, 1],
    [500, 2],
    [1999, 3],
    [2000, 4],
    [3000, 5],
  ] as const)
    keeper.offer(atMs, bytes(done));
  keeper.flush();
  keeper.flush();
  expect(listSamples(database, 'r').map(({ atMs, data }) => [atMs, data])).toEqual([
    [0, { unit: 'bytes', done: 1, total: 100, item: null, lsn: null }],
    [2000, { unit: 'bytes', done: 4, total: 100, item: null, lsn: null }],
    [3000, { unit: 'bytes', done: 5, total: 100, item: null, lsn: null }],
  ]);
});

test('a replay is kept with its position', () => {
  const { database, journal } = journalOfRun();
  new SampleKeeper(journal, 'promote').offer(1, replay);
  expect(listSamples(database, 'r')).toEqual([
    {
      phase: 'promote',
      atMs: 1,
      data: { unit: 'wal-bytes', done: 7, total: null, item: null, lsn: '0/2000028' },
    },
  ]);
});

test('of a phase that takes days there are never more than fit, from its beginning to its end, and other phases keep theirs', () => {
  const { database, journal } = journalOfRun();
  new SampleKeeper(journal, 'seal').offer(0, bytes(1));
  const keeper = new SampleKeeper(journal, 'restoreBase');
  const lastMs = mostSamples * 2000 * 3;
  for (let atMs = 0; atMs <= lastMs; atMs += 2000) keeper.offer(atMs, bytes(atMs));
  const kept = listSamples(database, 'r').filter(({ phase }) => phase === 'restoreBase');
  expect(kept.length).toBeGreaterThan(mostSamples / 4);
  expect(kept.length).toBeLessThan(mostSamples);
  expect(kept[0]?.atMs).toBeLessThan(lastMs / 100);
  expect(kept.at(-1)?.atMs).toBeGreaterThan(lastMs * 0.99);
  const gaps = kept.slice(1).map(({ atMs }, index) => atMs - (kept[index]?.atMs ?? 0));
  // Even: what was thinned is no thinner than what came behind it.
  expect(Math.max(...gaps)).toBeLessThanOrEqual(4 * Math.min(...gaps));
  expect(listSamples(database, 'r').filter(({ phase }) => phase === 'seal')).toHaveLength(1);
});

test('an odo that lost its lease keeps none, and hears of it', () => {
  const { database, journal, take } = journalOfRun();
  take();
  const keeper = new SampleKeeper(journal, 'restoreBase');
  let found: unknown;
  try {
    keeper.offer(0, bytes(1));
  } catch (error) {
    found = errorCode(error);
  }
  expect(found).toBe('LEASE_LOST');
  expect(listSamples(database, 'r')).toEqual([]);
});
