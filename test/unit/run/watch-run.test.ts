import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import type { RunEvent } from '../../../src/run/run-events.ts';
import { watchRun } from '../../../src/run/watch-run.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { type RecordedRun, recordRun } from '../../support/recorded-run.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** What a watcher is told of a run that nobody works on any more. */
async function watched(record: (run: RecordedRun) => void) {
  await using directory = await temporaryDirectory();
  const journalFile = join(directory.path, 'journal.sqlite');
  const database = openJournal(journalFile);
  record(recordRun(database, { id: 'r', startedAt: '2026-11-22T22:00:00Z' }));
  database.close();
  const events: RunEvent[] = [];
  const { signal } = new AbortController();
  const outcome = await watchRun(journalFile, 'r', { signal, onEvent: (event) => void events.push(event) });
  return { outcome, events };
}

const begins = (phase: 'plan' | 'restoreBase'): Parameters<RecordedRun['event']>[0] => ({
  ...{ type: 'phase', phase, state: 'started', attempt: 1 },
});

const withoutTime = ({ at: _, runId: __, ...event }: RunEvent) => event;

test('a watched run is told with its plan, its progress and its last checkpoint, and that its odo was killed', async () => {
  const { outcome, events } = await watched((run) => {
    run.event(begins('plan'));
    run.do('plan', 2, samplePlan);
    run.event({ ...begins('plan'), state: 'completed' } as Parameters<RecordedRun['event']>[0]);
    run.event(begins('restoreBase'));
    run.begin('restoreBase');
    for (const done of [100, 300, 500]) {
      run.wait(2);
      run.sample('restoreBase', { unit: 'bytes', done, total: 1000, item: 'data.tar.gz', lsn: null });
    }
    run.begin('restoreBase', 'data.tar.gz');
    run.checkpoint('restoreBase', 'data.tar.gz', 400);
  });
  expect(outcome).toMatchObject({ status: 'interrupted', exitCode: 130, next: 'resume' });
  expect(events.map(withoutTime)).toEqual([
    { type: 'run', status: 'started' },
    begins('plan'),
    { ...begins('plan'), state: 'completed' },
    { type: 'plan', plan: samplePlan },
    begins('restoreBase'),
    {
      ...{ type: 'progress', phase: 'restoreBase', unit: 'bytes', item: 'data.tar.gz' },
      ...{ done: 500, total: 1000, rate: 100, etaMs: 5000 },
    },
    { type: 'checkpoint', phase: 'restoreBase', item: 'data.tar.gz', bytes: 400 },
    { type: 'interrupted', phase: 'restoreBase' },
  ]);
});

test('of a run that was resumed only its last odo is told, and how it ended', async () => {
  const error = { code: 'STORAGE_UNAVAILABLE', message: 'away', causes: [] } as const;
  const { outcome, events } = await watched((run) => {
    run.event(begins('restoreBase'));
    run.resume();
    run.event({ type: 'failed', error, phase: 'restoreBase' });
    run.status('failed', error);
  });
  expect(outcome).toMatchObject({ status: 'failed', exitCode: 5, error });
  expect(events.map(withoutTime)).toEqual([
    { type: 'run', status: 'resumed' },
    { type: 'failed', error, phase: 'restoreBase' },
  ]);
});
