import { type createActor, fromPromise, waitFor } from 'xstate';
import type { ErrorCode } from '../../src/errors/codes.ts';
import { OdoError } from '../../src/errors/odo-error.ts';
import { restoreMachine } from '../../src/machine/restore-machine.ts';
import type { PreflightFacts } from '../../src/steps/facts.ts';
import { belongsTo, timedPhases } from '../../src/steps/phase-assumptions.ts';
import type { PlanSummary } from '../../src/steps/restore-plan.ts';
import type { RestoreRequest } from '../../src/steps/restore-request.ts';
import { healthyFacts } from './facts.ts';

/** Phases of a restore, all of them. */
export const changing = timedPhases.filter((phase) => belongsTo(phase, 'restore'));

export const inPlace: PlanSummary = {
  backupId: 'b',
  removes: 'old data',
  stopsFirst: true,
  switchesOver: false,
  hasService: true,
  promote: true,
  atTarget: 'promote',
  standby: false,
  drill: null,
};

/** The machine with effects that only note their names; `fails` makes one phase fail the first time. */
export function rehearse(
  options: { facts?: PreflightFacts; summary?: PlanSummary; fails?: string; code?: ErrorCode } = {},
) {
  const ran: string[] = [];
  let failing = options.fails;
  const effect = (name: string) =>
    fromPromise<Record<string, never>, Record<string, never>>(async () => {
      if (failing === name) {
        failing = undefined;
        throw new OdoError(options.code ?? 'ENGINE_FAILED', `${name} failed`);
      }
      ran.push(name);
      return {};
    });
  const machine = restoreMachine.provide({
    actors: {
      ...Object.fromEntries(timedPhases.map((name) => [name, effect(name)])),
      preflight: fromPromise<PreflightFacts, { request: RestoreRequest }>(
        async () => options.facts ?? healthyFacts,
      ),
      plan: fromPromise<PlanSummary, { request: RestoreRequest }>(async () => options.summary ?? inPlace),
    },
  });
  return { machine, ran };
}

export async function reach(
  actor: ReturnType<typeof createActor<ReturnType<typeof rehearse>['machine']>>,
  state: string,
) {
  await waitFor(actor, (snapshot) => snapshot.matches(state as never), { timeout: 2000 });
}
