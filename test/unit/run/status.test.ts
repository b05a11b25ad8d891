import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import { RunJournal } from '../../../src/journal/run-journal.ts';
import { acquireLease, createRun } from '../../../src/journal/runs.ts';
import { resumeRun } from '../../../src/run/executor.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { readStatus } from '../../../src/run/status.ts';
import { plainRequest } from '../../support/facts.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

async function journalOfDrill() {
  const directory = await temporaryDirectory();
  const journalFile = join(directory.path, 'journal.sqlite');
  const database = openJournal(journalFile);
  createRun(database, {
    id: 'r',
    kind: 'drill',
    request: plainRequest,
    odoVersion: '0',
    machineVersion: 1,
    startedAtMs: 0,
  });
  const options = { nowMs: 0, expiresAtMs: 1, takeOver: false, isDead: () => false };
  const epoch = acquireLease(database, 'r', currentExecutor(), options);
  const records = new RunJournal(database, 'r', epoch, currentExecutor(), () => 60_000);
  return {
    journalFile,
    records,
    [Symbol.asyncDispose]: async () => {
      database.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test('a kept drill is held until it is abandoned', async () => {
  await using journal = await journalOfDrill();
  journal.records.setVerdict('passed');
  journal.records.setStatus('held', null);
  expect(readStatus(journal.journalFile, 'r')).toMatchObject({
    kind: 'drill',
    status: 'held',
    verdict: 'passed',
    abandonedAt: null,
    held: { reason: 'kept' },
    next: 'odo abandon r',
  });
});

test('a run that is being abandoned goes on only to be removed', async () => {
  await using journal = await journalOfDrill();
  journal.records.abandon();
  expect(readStatus(journal.journalFile, 'r')).toMatchObject({
    status: 'interrupted',
    abandonedAt: '1970-01-01T00:01:00.000Z',
    next: 'odo abandon r',
  });
});

test('an abandoned run is not resumed', async () => {
  await using journal = await journalOfDrill();
  journal.records.abandon();
  journal.records.setStatus('abandoned', null);
  expect(readStatus(journal.journalFile, 'r')).toMatchObject({ status: 'abandoned', held: null, next: null });
  const { journalFile } = journal;
  await expect(
    resumeRun(
      'r',
      {
        journalFile,
        credentials: null,
        onEvent: () => {},
        confirm: async () => ({ answer: 'decline' }),
        agree: async () => false,
        signal: new AbortController().signal,
      },
      { redo: [], takeOver: true, move: null },
    ),
  ).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('abandoned') });
});
