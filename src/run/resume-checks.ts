import { OdoError } from '../errors/odo-error.ts';
import type { RunJournal } from '../journal/run-journal.ts';
import { steps } from '../steps/registry.ts';
import { type RunBinding, readPlan, stepContext } from './bind-steps.ts';
import type { Phase } from './run-events.ts';

/** They build on each other's files: repeating one alone would write into a database that later ones made of them. */
export const dataSteps: readonly string[] = [
  'prepareTarget',
  'restoreBase',
  'restoreWal',
  'configureRecovery',
  'seal',
  'recover',
  'reachTarget',
  'promote',
  'configureDatabase',
];

/**
 * Steps to forget for what an operator named with --redo. A data step means all of them, from an empty target on;
 * that is refused once the service was started, because the target may hold what its users wrote since.
 */
export function stepsToForget(names: readonly string[], journal: RunJournal): readonly string[] {
  for (const name of names) {
    if (Object.hasOwn(steps, name)) continue;
    throw new OdoError('USAGE', `There is no step ${name} to redo.`, {
      hint: `Steps: ${Object.keys(steps).join(', ')}.`,
    });
  }
  if (names.length > 0 && journal.findStep('tearDown', '') !== null) {
    throw new OdoError(
      'USAGE',
      `What run ${journal.runId} made is being removed; nothing of it can be redone.`,
      {
        hint: `Finish that with: odo resume ${journal.runId}`,
      },
    );
  }
  if (!names.some((name) => dataSteps.includes(name))) return names;
  refuseServedData(journal, `redoing ${names.join(', ')}`);
  return Object.keys(steps);
}

/** Once the service was started, users may have written. */
export function refuseServedData(journal: RunJournal, what: string): void {
  if (journal.findStep('startService', '') === null) return;
  throw new OdoError(
    'SERVICE_CONFLICT',
    `Run ${journal.runId} has started the service on the restored data; ${what} would remove what was written since.`,
    { hint: 'Start a new run with: odo start' },
  );
}

/**
 * The world moves while no odo works on a run: completed steps that left something outside look whether it is
 * still so. Null when all hold.
 */
export async function whatChanged(binding: RunBinding, signal: AbortSignal): Promise<OdoError | null> {
  if (readPlan(binding.journal) === null) return null;
  // From its beginning on everything goes, and whatever is gone is right.
  if (binding.journal.findStep('tearDown', '') !== null) return null;
  for (const [name, step] of Object.entries(steps)) {
    if (step.stillHolds === undefined) continue;
    if (binding.journal.findStep(name, '')?.state !== 'completed') continue;
    const changed = await step.stillHolds(stepContext(binding, name as Phase, 0, signal, step));
    if (changed === null) continue;
    return new OdoError('TARGET_CHANGED', changed, {
      hint: `Put it back as it was, or repeat that step: odo resume ${binding.runId} --redo ${name}`,
      details: { step: name },
    });
  }
  return null;
}
