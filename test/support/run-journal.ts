import { join } from 'node:path';
import { openJournal } from '../../src/journal/open.ts';
import { RunJournal } from '../../src/journal/run-journal.ts';
import { acquireLease, createRun, type RunKind, releaseLease } from '../../src/journal/runs.ts';
import { currentExecutor } from '../../src/run/executor-identity.ts';
import type { RunSurroundings } from '../../src/run/run-api.ts';
import type { RunEvent } from '../../src/run/run-events.ts';
import type { RestorePlan } from '../../src/steps/restore-plan.ts';
import { plainRequest } from './facts.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const clockMs = 60_000;

/** A journal with one run in it, and what a run writes about itself. */
export async function journalWithRun(run: { kind?: RunKind; request?: unknown } = {}) {
  const directory = await temporaryDirectory();
  const journalFile = join(directory.path, 'journal.sqlite');
  const database = openJournal(journalFile);
  createRun(database, {
    ...{
      id: 'r',
      kind: 'restore',
      request: plainRequest,
      odoVersion: '0',
      machineVersion: 1,
      startedAtMs: 0,
    },
    ...run,
  });
  const options = { nowMs: 0, expiresAtMs: 1, takeOver: false, isDead: () => false };
  const epoch = acquireLease(database, 'r', currentExecutor(), options);
  const records = new RunJournal(database, 'r', epoch, currentExecutor(), () => clockMs);
  const events: RunEvent[] = [];
  const surroundings: RunSurroundings = {
    journalFile,
    credentials: null,
    onEvent: (event) => void events.push(event),
    confirm: async () => ({ answer: 'decline' }),
    agree: async () => false,
    signal: new AbortController().signal,
  };
  return {
    database,
    records,
    journalFile,
    events,
    surroundings,
    begin: (name: string, instance = ''): number =>
      records.intendStep({ name, instance, version: 1, input: '{}', inputHash: '' }),
    complete(name: string, output: unknown = {}, instance = ''): void {
      records.completeStep(name, instance, this.begin(name, instance), output);
    },
    plan(plan: RestorePlan): void {
      this.complete('plan', plan);
    },
    release: () => releaseLease(database, 'r', epoch),
    [Symbol.asyncDispose]: async () => {
      database.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}
