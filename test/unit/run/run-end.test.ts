import { expect, test } from 'vitest';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { RunEnd } from '../../../src/run/run-end.ts';
import type { UnstampedEvent } from '../../../src/run/run-events.ts';
import { journalWithRun } from '../../support/run-journal.ts';

test('a run whose journal can be neither written nor read any more is told how to go on', async () => {
  await using journal = await journalWithRun();
  const events: UnstampedEvent[] = [];
  const end = new RunEnd(journal.database, 'r', (event) => events.push(event));
  end.writeTo(journal.records);
  journal.database.close();

  const error = toErrorData(new OdoError('NOT_ENOUGH_SPACE', 'No space is left.'));
  const wanted = { runId: 'r', next: 'resume', resumable: true };
  expect(end.stopped(error, 'restoreBase')).toMatchObject({
    ...wanted,
    status: 'failed',
    exitCode: 14,
    error,
  });
  expect(end.interrupted('restoreBase')).toMatchObject({ ...wanted, status: 'interrupted', exitCode: 130 });
  expect(events.map(({ type }) => type)).toEqual(['failed', 'interrupted']);
});
