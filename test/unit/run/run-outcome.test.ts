import { expect, test } from 'vitest';
import { findRun, type RunRecord } from '../../../src/journal/runs.ts';
import { outcomeOf } from '../../../src/run/run-outcome.ts';
import { journalWithRun } from '../../support/run-journal.ts';

async function record(given: Partial<RunRecord> = {}): Promise<RunRecord> {
  await using journal = await journalWithRun();
  return { ...findRun(journal.database, 'r')!, ...given };
}
const error = (code: 'ENGINE_UNREACHABLE' | 'STORAGE_UNAVAILABLE' | 'BACKUP_INCOMPLETE') => ({
  code,
  message: 'It is not there.',
  causes: [],
});

test('the same trouble has exit code 4 before anything was touched and 5 after it', async () => {
  const run = await record();
  expect(outcomeOf(run, 'refused', error('STORAGE_UNAVAILABLE'))).toMatchObject({ exitCode: 4, next: null });
  expect(outcomeOf(run, 'failed', error('ENGINE_UNREACHABLE'))).toMatchObject({
    exitCode: 5,
    next: 'resume',
    resumable: true,
  });
});

test.for(['completed', 'held', 'refused'] as const)('a failed drill that is %s exits 6', async (status) => {
  const run = await record({ kind: 'drill', verdict: 'failed' });
  const refusal = status === 'refused' ? error('BACKUP_INCOMPLETE') : null;
  expect(outcomeOf(run, status, refusal)).toMatchObject({ exitCode: 6, verdict: 'failed' });
});

test('a good drill exits 0, and one that is kept ends with odo abandon', async () => {
  const run = await record({ kind: 'drill', verdict: 'passed' });
  expect(outcomeOf(run, 'completed', null)).toMatchObject({ exitCode: 0, verdict: 'passed', next: null });
  expect(outcomeOf(run, 'held', null)).toMatchObject({ exitCode: 0, verdict: 'passed', next: 'abandon' });
});

test('giving up is a success, whatever the drill came to, and goes on with odo abandon when it was cut off', async () => {
  const run = await record({ kind: 'drill', verdict: 'failed', abandonedAtMs: 1 });
  expect(outcomeOf(run, 'abandoned', null)).toMatchObject({ exitCode: 0, verdict: null, next: null });
  expect(outcomeOf(run, 'interrupted', null)).toMatchObject({ exitCode: 130, next: 'abandon' });
  expect(outcomeOf(run, 'failed', error('ENGINE_UNREACHABLE'))).toMatchObject({
    exitCode: 5,
    next: 'abandon',
  });
});
