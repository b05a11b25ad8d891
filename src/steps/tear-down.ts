import { plannedTrees } from './planned-trees.ts';
import type { Step } from './step.ts';

/** Removes everything that the run made: its server, its work directory, its target. */
export const tearDown: Step = {
  name: 'tearDown',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const data = await context.ports.target(plan.target);
    await (await context.ports.launcher(plan.launcher, data)).removeLeftovers();
    for (const { target } of plannedTrees(plan))
      await (await context.ports.target(target)).discard(context.runId);
    return {};
  },
};
