import { errorCode } from '../errors/odo-error.ts';
import { type Mark, readMark } from '../target/marker.ts';
import { markerFile, type Target } from '../target/target.ts';
import type { Tree } from '../target/tree.ts';
import { type PlannedTree, plannedTrees } from './planned-trees.ts';
import { serverResource } from './server-apart.ts';
import type { Step, StepContext } from './step.ts';
import { workResource } from './work-tree.ts';

/**
 * Removes everything that the run made: its server, its work directories, its targets, and in places that were there
 * before what it laid down. Nothing else, by the marks that it left; so it may come at any point of the run, and again
 * after it was cut short. What cannot be removed does not keep the rest from going.
 */
export const tearDown: Step = {
  name: 'tearDown',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const trees = await Promise.all(
      plannedTrees(plan).map(async (tree) => ({ ...tree, at: await context.ports.target(tree.target) })),
    );
    const [data] = trees;
    // Nothing is taken away below a server that runs.
    if (data !== undefined) await endServer(data.at, context);
    context.failpoint('tearDown:ended');
    const trouble = new Map<Target, unknown>();
    const attempt = async (at: Target, remove: () => Promise<void>): Promise<void> => {
      try {
        // The work directory knows what is to be removed: it stays with what stays.
        if (!trouble.has(at)) await remove();
      } catch (error) {
        context.signal.throwIfAborted();
        trouble.set(at, error);
      }
    };
    // Discarding one target takes away the helper containers that emptying another needs.
    for (const { action, at } of trees) {
      if (action !== 'create') await attempt(at, () => empty(at, action, context));
    }
    for (const { action, at, description } of trees) {
      if (action !== 'create') continue;
      await attempt(at, async () => {
        await at.discard(context.runId);
        context.resourceRemoved(at.spec.kind === 'docker-volume' ? 'volume' : 'directory', description);
      });
    }
    context.failpoint('tearDown:discarded');
    for (const { at } of trees) {
      await attempt(at, async () => {
        await at.cleanUp(context.runId);
        const work = workResource(context, at);
        context.resourceRemoved(work.kind, work.name);
      });
    }
    const [first] = trouble.values();
    if (trouble.size > 0) throw first;
    return { target: plan.targetDescription };
  },
};

async function endServer(data: Target, context: StepContext): Promise<void> {
  // Without a directory there is no server, and nowhere to look for one.
  if (data.spec.kind === 'data-directory' && !(await data.inspect(context.signal)).exists) return;
  await (await context.ports.launcher(context.plan().launcher, data)).removeLeftovers();
  context.resourceRemoved('server', serverResource(context.runId));
}

/**
 * A volume or directory of the operator's is left as empty as the run found it or made it. What is to be cleaned is still
 * theirs until prepareTarget has done so; then only the mark goes. So may be what lies under a provisional mark.
 */
async function empty(target: Target, action: PlannedTree['action'], context: StepContext): Promise<void> {
  const tree = await target.dataTree(context.runId);
  const mark = await markOn(tree);
  if (mark?.runId !== context.runId) return;
  if (!mark.isProvisional && (action === 'fill' || context.outputOf('prepareTarget') !== null)) {
    await tree.clear([markerFile, 'lost+found']);
  }
  await tree.remove(markerFile);
}

/** Null also for a place that is gone. */
async function markOn(tree: Tree): Promise<Mark | null> {
  try {
    return await readMark(tree);
  } catch (error) {
    if (errorCode(error) === 'TARGET_NOT_FOUND') return null;
    throw error;
  }
}
