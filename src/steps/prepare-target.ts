import { OdoError } from '../errors/odo-error.ts';
import { placeMark, settleMark } from '../target/marker.ts';
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
    const last = context.plan().preparesOnly === true ? 'seal' : 'verify';
    if (context.outputOf(last) !== null) return null;
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

/**
 * Creates or checks one target and marks it. It is looked at before, so that nothing is changed in what cannot be taken,
 * and once more under the mark, since another odo may have come and gone in between.
 */
async function take(planned: PlannedTree, context: StepContext): Promise<{ tree: Tree; usedBytes: number }> {
  const { target: spec, description, action } = planned;
  const target = await context.ports.target(spec);
  const before = await target.inspect(context.signal);
  await refuseUsed(before, context);
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
  context.failpoint('prepareTarget:looked');
  await target.create(context.runId, context.signal);
  const tree = await target.dataTree(context.runId);
  if (before.heldByRun === null) refuseFilled(before, action);
  const mark = await placeMark(tree, context.runId);
  if (mark.runId !== context.runId) {
    throw new OdoError('TARGET_IN_USE', `${before.description} is held by run ${mark.runId}.`, {
      hint: `Go on with that run instead: odo resume ${mark.runId}`,
    });
  }
  if (!mark.isProvisional) return { tree, usedBytes: before.usedBytes };
  const now = await target.inspect(context.signal);
  try {
    await refuseUsed(now, context);
    refuseFilled(now, action);
  } catch (error) {
    await tree.remove(markerFile);
    throw error;
  }
  await settleMark(tree, context.runId);
  return { tree, usedBytes: now.usedBytes };
}

/** Only data that the operator agreed to lose may be there. */
function refuseFilled({ description, holds }: TargetFacts, action: PlannedTree['action']): void {
  if (action === 'clean' || holds === 'nothing') return;
  throw new OdoError(
    'TARGET_NOT_EMPTY',
    `${description} was empty when the run was planned, and is not now.`,
    {
      hint: 'Look at what is there; start a new run if it may be removed.',
    },
  );
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

async function refuseUsed(facts: TargetFacts, context: StepContext): Promise<void> {
  if (facts.liveUsers.length === 0) return;
  const permitted = await containersThatMayRun(context.plan(), context);
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
