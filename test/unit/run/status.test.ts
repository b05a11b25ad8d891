import { expect, test } from 'vitest';
import { resumeRun } from '../../../src/run/executor.ts';
import { readStatus } from '../../../src/run/status.ts';
import { journalWithRun } from '../../support/run-journal.ts';

test('a kept drill is held until it is abandoned', async () => {
  await using journal = await journalWithRun({ kind: 'drill' });
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
  await using journal = await journalWithRun({ kind: 'drill' });
  journal.records.abandon();
  expect(readStatus(journal.journalFile, 'r')).toMatchObject({
    status: 'interrupted',
    abandonedAt: '1970-01-01T00:01:00.000Z',
    next: 'odo abandon r',
  });
});

test('an abandoned run is not resumed', async () => {
  await using journal = await journalWithRun({ kind: 'drill' });
  journal.records.abandon();
  journal.records.setStatus('abandoned', null);
  expect(readStatus(journal.journalFile, 'r')).toMatchObject({ status: 'abandoned', held: null, next: null });
  await expect(
    resumeRun('r', journal.surroundings, { redo: [], takeOver: true, move: null }),
  ).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('abandoned') });
});
