import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal } from '../../../src/journal/open.ts';
import { RunJournal } from '../../../src/journal/run-journal.ts';
import { acquireLease, createRun } from '../../../src/journal/runs.ts';
import { findStep } from '../../../src/journal/steps.ts';
import { readPlan } from '../../../src/run/bind-steps.ts';
import { resumeRun } from '../../../src/run/executor.ts';
import { currentExecutor } from '../../../src/run/executor-identity.ts';
import type { RunEvent } from '../../../src/run/run-events.ts';
import { dataPlaneDefaults } from '../../../src/steps/data-plane-options.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { plainRequest } from '../../support/facts.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** As an odo wrote it that knew nothing of these options. */
function without<T extends object>(options: object, stored: T): T {
  const kept = Object.entries(stored).filter(([key]) => !Object.hasOwn(options, key));
  return Object.fromEntries(kept) as T;
}

function journalWith(file: string, request: unknown) {
  const database = openJournal(file);
  createRun(database, { id: 'r', request, odoVersion: '0', machineVersion: 1, startedAtMs: 0 });
  const options = { nowMs: 0, expiresAtMs: 1, takeOver: false, isDead: () => false };
  const epoch = acquireLease(database, 'r', currentExecutor(), options);
  return { database, records: new RunJournal(database, 'r', epoch, currentExecutor(), () => 1) };
}

test('a plan of an older odo works as it did then', () => {
  const { records } = journalWith(':memory:', {});
  expect(readPlan(records)).toBeNull();
  const work = { name: 'plan', instance: '', version: 1, input: '{}', inputHash: '' };
  const stored = without(dataPlaneDefaults, { ...samplePlan, jobs: 4 });
  records.completeStep('plan', '', records.intendStep(work), stored);
  expect(readPlan(records)).toEqual({ ...stored, ...dataPlaneDefaults });
});

test('a plan keeps what it was made with', () => {
  const { records } = journalWith(':memory:', {});
  const work = { name: 'plan', instance: '', version: 1, input: '{}', inputHash: '' };
  const stored = { ...samplePlan, sync: false, background: true, memoryBytes: 64_000_000 };
  records.completeStep('plan', '', records.intendStep(work), stored);
  expect(readPlan(records)).toEqual(stored);
});

test('a request of an older odo is resumed as it was meant then', async () => {
  await using directory = await temporaryDirectory();
  const journalFile = join(directory.path, 'journal.sqlite');
  const asked = {
    ...plainRequest,
    source: { url: `file://${directory.path}/none`, endpoint: null, region: null },
    target: { kind: 'data-directory', path: join(directory.path, 'data') },
  };
  const { database } = journalWith(journalFile, without(dataPlaneDefaults, asked));
  const events: RunEvent[] = [];
  const outcome = await resumeRun(
    'r',
    {
      journalFile,
      credentials: null,
      onEvent: (event) => events.push(event),
      confirm: async () => ({ answer: 'decline' }),
      agree: async () => false,
      signal: new AbortController().signal,
    },
    { redo: [], takeOver: true, move: null },
  );
  // There is no such directory: the run gets as far as looking for it.
  expect(outcome).toMatchObject({ status: 'refused', error: { code: 'BUCKET_NOT_FOUND' } });
  expect(events.filter(({ type }) => type === 'notice')).toEqual([]);
  expect(findStep(database, 'r', 'preflight', '')?.input).toEqual({ ...asked, ...dataPlaneDefaults });
  database.close();
});
