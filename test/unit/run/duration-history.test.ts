import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import { RunJournal } from '../../../src/journal/run-journal.ts';
import { acquireLease, createRun } from '../../../src/journal/runs.ts';
import { readDurationHistory } from '../../../src/run/duration-history.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { sizeOf } from '../../../src/steps/expected-duration.ts';
import { samplePlan, sampleRecovery } from '../../../tools/sample-events.ts';
import { plainRequest } from '../../support/facts.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const plan = { ...samplePlan, recovery: sampleRecovery };
const fail = (message: string): never => expect.fail(message);

/** A journal with one run; `at` sets its clock to that second. */
function runIn(file: string, id: string, startedAtMs: number) {
  const database = openJournal(file);
  const request = { ...plainRequest, source: plan.source, maxRateBytesPerSecond: plan.maxRateBytesPerSecond };
  createRun(database, { id, request, odoVersion: '0', machineVersion: 1, startedAtMs });
  const lease = { nowMs: 0, expiresAtMs: 1, takeOver: true, isDead: () => false };
  let nowMs = startedAtMs;
  const journal = new RunJournal(
    database,
    id,
    acquireLease(database, id, currentExecutor(), lease),
    currentExecutor(),
    () => nowMs,
  );
  const step = (name: string, instance = '') => ({ name, instance, version: 1, input: '{}', inputHash: '' });
  const begin = (name: string, instance = ''): number => journal.intendStep(step(name, instance));
  return {
    begin,
    end(name: string, attempt: number, seconds: number, output: unknown = {}) {
      nowMs += seconds * 1000;
      journal.completeStep(name, '', attempt, output);
    },
    interrupt(name: string, attempt: number, seconds: number) {
      nowMs += seconds * 1000;
      journal.endAttempt(name, '', attempt, 'interrupted', null);
    },
    changePlan: () => journal.changePlan({ plan, request, forgets: ['reachTarget'], keepsPartsOf: [] }),
    do(name: string, seconds: number, output: unknown = {}) {
      this.end(name, begin(name), seconds, output);
    },
    close: () => database.close(),
  };
}

test('phases that were done in one go are measured, with the size of their restore, newest first', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'journal.sqlite');
  const older = runIn(file, 'older', 0);
  older.do('plan', 1, plan);
  older.do('restoreBase', 100, { storedBytes: 1000 });
  older.close();
  const newer = runIn(file, 'newer', 1_000_000);
  newer.do('plan', 1, plan);
  newer.do('restoreBase', 90, { storedBytes: 2000 });
  newer.do('recover', 7);
  newer.close();
  const of = sizeOf(plan);
  expect(readDurationHistory(file, fail)).toEqual([
    { phase: 'recover', durationMs: 7_000, of: { ...of, storedBytes: 2000 } },
    { phase: 'restoreBase', durationMs: 90_000, of: { ...of, storedBytes: 2000 } },
    { phase: 'restoreBase', durationMs: 100_000, of: { ...of, storedBytes: 1000 } },
  ]);
});

test('what was killed, failed, resumed or never ended is not', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'journal.sqlite');
  const run = runIn(file, 'r', 0);
  run.do('plan', 1, plan);
  // Stopped cleanly, and gone on with.
  run.interrupt('restoreBase', run.begin('restoreBase'), 50);
  run.do('restoreBase', 2, { storedBytes: 1000 });
  // Killed: no attempt's end was recorded.
  run.begin('recover');
  run.do('recover', 3);
  run.begin('promote');
  run.do('seal', 4);
  run.close();
  expect(readDurationHistory(file, fail).map(({ phase }) => phase)).toEqual(['seal']);
});

test('a run that went on to another target is not: it did a part of the work twice, or a part of it only', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'journal.sqlite');
  const run = runIn(file, 'r', 0);
  run.do('plan', 1, plan);
  run.do('restoreWal', 5);
  run.changePlan();
  run.do('reachTarget', 1);
  run.close();
  expect(readDurationHistory(file, fail)).toEqual([]);
});

test('the parts of a phase are not, nor a promotion of what had been replayed before', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'journal.sqlite');
  const run = runIn(file, 'r', 0);
  run.do('plan', 1, plan);
  run.begin('restoreBase', 'data.tar.gz');
  run.do('reachTarget', 60);
  run.do('promote', 1);
  run.close();
  expect(readDurationHistory(file, fail).map(({ phase }) => phase)).toEqual(['reachTarget']);
});

test('there is none without a journal, and one that cannot be read is said and forbids nothing', async () => {
  await using directory = await temporaryDirectory();
  const said: string[] = [];
  const read = (name: string) =>
    readDurationHistory(join(directory.path, name), (message) => said.push(message));
  expect(read('none.sqlite')).toEqual([]);
  expect(said).toEqual([]);
  await writeFile(
    join(directory.path, 'broken.sqlite'),
    'this is no database, but longer than its header would be',
  );
  expect(read('broken.sqlite')).toEqual([]);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/assumed, not measured: .*broken\.sqlite/);
});
