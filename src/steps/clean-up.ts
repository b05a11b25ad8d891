import { markerFile } from '../target/target.ts';
import { plannedTrees } from './planned-trees.ts';
import type { Step } from './step.ts';
import { workResource } from './work-tree.ts';

/** Removes what only the run needed: work directories with its WAL, helper containers, markers. Never data. */
export const cleanUp: Step = {
  name: 'cleanUp',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const data = await context.ports.target(plan.target);
    const launcher = await context.ports.launcher(plan.launcher, data);
    await launcher.removeLeftovers();
    const targets = await Promise.all(plannedTrees(plan).map(({ target }) => context.ports.target(target)));
    // Removing the helper containers of one target may take those of another away: so the markers all go first.
    for (const target of targets) await (await target.dataTree(context.runId)).remove(markerFile);
    for (const target of targets) {
      await target.cleanUp(context.runId);
      const work = workResource(context, target);
      context.resourceRemoved(work.kind, work.name);
    }
    return {};
  },
};
