import { OdoError } from '../errors/odo-error.ts';
import { markerFile, type Target, type TargetFacts } from '../target/target.ts';
import type { Tree } from '../target/tree.ts';
import { type PlannedTree, plannedTrees } from './planned-trees.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { Step, StepContext } from './step.ts';
import { workResource } from './work-tree.ts';

/**
 * Makes the targets this run's, the data directory's and those of tablespaces: creates them, or checks once more that
 * nothing runs on them and removes what is there. All are marked before the first removal, so that a half-cleaned
 * directory says whose it is.
 */
export const prepareTarget: Step = {
  name: 'prepareTarget',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const trees: Tree[] = [];
    let removedBytes = 0;
    for (const planned of plannedTrees(plan)) {
      const { tree, usedBytes } = await take(planned, context);
      trees.push(tree);
      if (planned.action === 'clean') removedBytes += usedBytes;
    }
    context.failpoint('prepareTarget:marked');
    for (const tree of trees) await tree.clear([markerFile, 'lost+found']);
    return { target: plan.targetDescription, action: plan.targetAction, removedBytes };
  },
  async stillHolds(context) {
    // Clean-up removes the marker; from its beginning on the data is the operator's.
    if (context.outputOf('verify') !== null) return null;
    for (const { target: spec, description } of plannedTrees(context.plan())) {
      const facts = await (await context.ports.target(spec)).inspect(context.signal);
      if (!facts.exists) return `${description}, which this run had prepared, is gone.`;
      if (facts.heldByRun === context.runId) continue;
      return facts.heldByRun === null
        ? `${description} no longer carries the mark of this run.`
        : `${description} was taken by run ${facts.heldByRun}.`;
    }
    return null;
  },
};

/** Creates or checks one target and marks it. */
async function take(
  { target: spec, description, action }: PlannedTree,
  context: StepContext,
): Promise<{ tree: Tree; usedBytes: number }> {
  const plan = context.plan();
  const target = await context.ports.target(spec);
  const before = await target.inspect(context.signal);
  if (before.liveUsers.length > 0) refuseUsers(before, await containersThatMayRun(plan, context));
  if (action === 'create') {
    if (context.attempt === 1 && before.exists && before.heldByRun !== context.runId) {
      throw new OdoError(
        'TARGET_CHANGED',
        `${before.description} did not exist when the run was planned, and does now.`,
        {
          hint: 'Find out who created it, then start a new run with another name.',
        },
      );
    }
    context.resource(spec.kind === 'docker-volume' ? 'volume' : 'directory', description);
    recordWorkDirectory(target, context);
  }
  await target.create(context.runId, context.signal);
  const tree = await target.dataTree(context.runId);
  if (before.heldByRun !== null && before.heldByRun !== context.runId) {
    throw new OdoError('TARGET_IN_USE', `${before.description} is held by run ${before.heldByRun}.`, {
      hint: `Go on with that run instead: odo resume ${before.heldByRun}`,
    });
  }
  if (action !== 'clean' && before.heldByRun === null && before.holds !== 'nothing') {
    throw new OdoError(
      'TARGET_NOT_EMPTY',
      `${before.description} was empty when the run was planned, and is not now.`,
      {
        hint: 'Look at what is there; start a new run if it may be removed.',
      },
    );
  }
  await writeMarker(tree, context);
  return { tree, usedBytes: before.usedBytes };
}

/** Making a directory needs the work directory beside it, which says who made it. */
function recordWorkDirectory(target: Target, context: StepContext): void {
  if (target.spec.kind !== 'data-directory') return;
  const { kind, name } = workResource(context, target);
  context.resource(kind, name);
}

/** With a new volume the service runs on meanwhile; what is restored beside its data on another volume was empty. */
async function containersThatMayRun(plan: RestorePlan, context: StepContext): Promise<readonly string[]> {
  if (plan.stopsFirst || plan.service.kind === 'none') return [];
  const service = await context.ports.service(plan.service);
  return (await service.inspect(context.signal)).containerIds;
}

function refuseUsers(facts: TargetFacts, permitted: readonly string[]): void {
  const users = facts.liveUsers.filter(
    ({ containerId }) => containerId === null || !permitted.includes(containerId),
  );
  if (users.length === 0) return;
  throw new OdoError(
    'TARGET_IN_USE',
    `${facts.description} is in use by ${users.map((user) => user.description).join(', ')}.`,
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
