import { OdoError } from '../errors/odo-error.ts';
import { markerFile, type TargetFacts } from '../target/target.ts';
import type { Tree } from '../target/tree.ts';
import type { Step, StepContext } from './step.ts';

/**
 * Makes the target this run's: creates it, or checks once more that nothing runs on it and removes what is
 * there. The marker is written before the first removal, so that a half-cleaned directory says whose it is.
 */
export const prepareTarget: Step = {
  name: 'prepareTarget',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const before = await target.inspect(context.signal);
    refuseUsers(before);
    if (plan.targetAction === 'create') {
      if (context.attempt === 1 && before.exists && before.heldByRun !== context.runId) {
        throw new OdoError(
          'TARGET_CHANGED',
          `${before.description} did not exist when the run was planned, and does now.`,
          {
            hint: 'Find out who created it, then start a new run with another name.',
          },
        );
      }
      context.resource(plan.target.kind === 'docker-volume' ? 'volume' : 'directory', plan.targetDescription);
    }
    await target.create(context.runId, context.signal);
    const tree = await target.dataTree(context.runId);
    if (before.heldByRun !== null && before.heldByRun !== context.runId) {
      throw new OdoError('TARGET_IN_USE', `${before.description} is held by run ${before.heldByRun}.`, {
        hint: `Go on with that run instead: odo resume ${before.heldByRun}`,
      });
    }
    if (plan.targetAction !== 'clean' && before.heldByRun === null && before.holds !== 'nothing') {
      throw new OdoError(
        'TARGET_NOT_EMPTY',
        `${before.description} was empty when the run was planned, and is not now.`,
        {
          hint: 'Look at what is there; start a new run if it may be removed.',
        },
      );
    }
    await writeMarker(tree, context);
    context.failpoint('prepareTarget:marked');
    await tree.clear([markerFile, 'lost+found']);
    return {
      target: plan.targetDescription,
      action: plan.targetAction,
      removedBytes: plan.targetAction === 'clean' ? before.usedBytes : 0,
    };
  },
  async stillHolds(context) {
    // Clean-up removes the marker; from its beginning on the data is the operator's.
    if (context.outputOf('verify') !== null) return null;
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const facts = await target.inspect(context.signal);
    if (!facts.exists) return `${plan.targetDescription}, which this run had prepared, is gone.`;
    if (facts.heldByRun === context.runId) return null;
    return facts.heldByRun === null
      ? `${plan.targetDescription} no longer carries the mark of this run.`
      : `${plan.targetDescription} was taken by run ${facts.heldByRun}.`;
  },
};

function refuseUsers(facts: TargetFacts): void {
  if (facts.liveUsers.length === 0) return;
  throw new OdoError(
    'TARGET_IN_USE',
    `${facts.description} is in use by ${facts.liveUsers.map((user) => user.description).join(', ')}.`,
    { hint: 'Stop it, then resume the run.' },
  );
}

async function writeMarker(tree: Tree, context: StepContext): Promise<void> {
  const marker = {
    runId: context.runId,
    note: 'This directory is being restored by odo; do not start PostgreSQL on it.',
  };
  await tree.writeFile(markerFile, `${JSON.stringify(marker)}\n`, 0o600);
}
