import { expect, test } from 'vitest';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { openJournal } from '../../../src/journal/open.ts';
import { RunJournal } from '../../../src/journal/run-journal.ts';
import { acquireLease, createRun } from '../../../src/journal/runs.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import { RunEnd } from '../../../src/run/run-end.ts';
import type { UnstampedEvent } from '../../../src/run/run-events.ts';

test('a run whose journal can be neither written nor read any more is told how to go on', () => {
  const database = openJournal(':memory:');
  const executor = currentExecutor();
  createRun(database, { id: 'run', request: {}, odoVersion: '0', machineVersion: 1, startedAtMs: 0 });
  const epoch = acquireLease(database, 'run', executor, {
    nowMs: 0,
    expiresAtMs: 60_000,
    takeOver: false,
    isDead: () => false,
  });
  const events: UnstampedEvent[] = [];
  const end = new RunEnd(database, 'run', (event) => events.push(event));
  end.writeTo(new RunJournal(database, 'run', epoch, executor, () => 1));
  database.close();

  const error = toErrorData(new OdoError('NOT_ENOUGH_SPACE', 'No space is left.'));
  const wanted = { runId: 'run', next: 'resume', resumable: true };
  expect(end.stopped(error, 'restoreBase')).toMatchObject({
    ...wanted,
    status: 'failed',
    exitCode: 14,
    error,
  });
  expect(end.interrupted('restoreBase')).toMatchObject({ ...wanted, status: 'interrupted', exitCode: 130 });
  expect(events.map(({ type }) => type)).toEqual(['failed', 'interrupted']);
});
