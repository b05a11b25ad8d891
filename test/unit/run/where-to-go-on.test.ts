import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import type { MachineEvent } from '../../../src/machine/events.ts';
import { restoreMachine } from '../../../src/machine/restore-machine.ts';
import { machineVersion } from '../../../src/machine/version.ts';
import { whereToGoOn } from '../../../src/run/where-to-go-on.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { plainRequest } from '../../support/facts.ts';
import { journalWithRun } from '../../support/run-journal.ts';

const run = { runId: 'r', request: plainRequest, plan: samplePlan };
const nothing = { replay: false, event: null } as const;
const disproof = { code: 'ARCHIVE_CORRUPT', message: 'base.tar.gz is damaged.', causes: [] } as const;

/** What the machine saved when it stood there. */
function stoodIn(value: object | string, context: object = {}) {
  const initial = createActor(restoreMachine, { input: run }).getSnapshot().context;
  return restoreMachine.resolveState({
    value: value as never,
    context: { ...initial, agreed: true, ...context },
  });
}

test('a run that never agreed to a plan begins anew, whatever was asked for', async () => {
  await using journal = await journalWithRun();
  expect(whereToGoOn(journal.database, run, nothing)).toEqual({ snapshot: null, event: null });
});

test('a run goes on where it stood, and a failed one after RESUME', async () => {
  await using journal = await journalWithRun();
  journal.records.saveSnapshot(machineVersion, stoodIn({ restoring: 'seal' }));
  expect(whereToGoOn(journal.database, run, nothing)).toMatchObject({
    snapshot: { value: { restoring: 'seal' } },
    event: null,
  });
  journal.records.saveSnapshot(machineVersion, stoodIn('failed'));
  expect(whereToGoOn(journal.database, run, nothing).event).toEqual({ type: 'RESUME' });
});

test.for([{ restoring: { restore: { base: 'restoreBase', wal: 'done' } } }, { restoring: 'kept' }, 'failed'])(
  'a run that stood in %j can be given up',
  async (value) => {
    await using journal = await journalWithRun();
    journal.records.saveSnapshot(machineVersion, stoodIn(value));
    const event: MachineEvent = { type: 'ABANDON' };
    const stood = whereToGoOn(journal.database, run, { replay: false, event });
    expect(stood.event).toEqual(event);
    const machine = restoreMachine.provide({ actors: {} });
    const actor = createActor(machine, { input: run, snapshot: stood.snapshot! }).start();
    expect(actor.getSnapshot().can(event)).toBe(true);
  },
);

test('what an older machine had begun to remove is removed, and the disproof that led there stays', async () => {
  await using journal = await journalWithRun({ kind: 'drill' });
  journal.records.saveSnapshot(machineVersion - 1, stoodIn({ restoring: 'tearDown' }, { disproof }));
  expect(whereToGoOn(journal.database, run, nothing).event).toEqual({ type: 'REPLAY' });
  journal.begin('tearDown');
  const stood = whereToGoOn(journal.database, run, nothing);
  expect(stood.event).toEqual({ type: 'ABANDON' });
  expect(stood.snapshot?.context.disproof).toEqual(disproof);
});
