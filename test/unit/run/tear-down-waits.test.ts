import { afterEach, expect, test, vi } from 'vitest';
import { createActor, waitFor } from 'xstate';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { initialContext } from '../../../src/machine/context.ts';
import { bindSteps } from '../../../src/run/bind-steps.ts';
import { summarize } from '../../../src/steps/plan-restore.ts';
import { steps } from '../../../src/steps/registry.ts';
import type { RestorePlan } from '../../../src/steps/restore-plan.ts';
import type { StepPorts } from '../../../src/steps/step.ts';
import { samplePlan } from '../../../tools/sample-events.ts';
import { plainDrill, plainRequest } from '../../support/facts.ts';
import { journalWithRun } from '../../support/run-journal.ts';

afterEach(() => vi.restoreAllMocks());

test('nothing is removed while the other half of the restore, which was told to stop, still writes', async () => {
  await using journal = await journalWithRun({ kind: 'drill' });
  const plan: RestorePlan = { ...samplePlan, drill: { ...plainDrill, beside: null } };
  journal.plan(plan);
  const did: string[] = [];
  const lastWrite = Promise.withResolvers<void>();
  vi.spyOn(steps.prepareTarget, 'run').mockResolvedValue({});
  const writing = Promise.withResolvers<void>();
  vi.spyOn(steps.restoreBase, 'run').mockImplementation(async () => {
    await writing.promise;
    throw new OdoError('ARCHIVE_CORRUPT', 'base.tar.gz is damaged.');
  });
  const stopped = Promise.withResolvers<void>();
  vi.spyOn(steps.restoreWal, 'run').mockImplementation(async ({ signal }) => {
    signal.addEventListener('abort', () => stopped.resolve());
    writing.resolve();
    await lastWrite.promise;
    did.push('the last write');
    return {};
  });
  vi.spyOn(steps.tearDown, 'run').mockImplementation(async () => {
    did.push('removed');
    return {};
  });
  const machine = bindSteps({
    runId: 'r',
    journal: journal.records,
    ports: { now: () => new Date(0) } as unknown as StepPorts,
    emit: () => {},
    history: () => [],
    inFlight: new Set(),
  });
  const request = { ...plainRequest, drill: plainDrill };
  const context = {
    ...initialContext('r', request),
    planned: { ...summarize(plan), stopsFirst: false },
    agreed: true,
  };
  const snapshot = machine.resolveState({ value: 'failed', context });
  const actor = createActor(machine, { input: { runId: 'r', request }, snapshot }).start();
  actor.send({ type: 'REPLAY' });
  await stopped.promise;
  await waitFor(actor, (state) => state.matches({ restoring: 'tearDown' }));
  expect(did).toEqual([]);
  lastWrite.resolve();
  await waitFor(actor, (state) => state.matches('completed'));
  expect(did).toEqual(['the last write', 'removed']);
  expect(actor.getSnapshot().context.disproof).toMatchObject({ code: 'ARCHIVE_CORRUPT' });
});
