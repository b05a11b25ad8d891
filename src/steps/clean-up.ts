import { markerFile } from '../target/target.ts';
import type { Step } from './step.ts';
import { workResource } from './work-tree.ts';

/** Removes what only the run needed: the work directory with its WAL, helper containers, the marker. Never data. */
export const cleanUp: Step = {
  name: 'cleanUp',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const launcher = await context.ports.launcher(plan.launcher, target);
    await launcher.removeLeftovers();
    const tree = await target.dataTree(context.runId);
    await tree.remove(markerFile);
    await target.cleanUp(context.runId);
    const work = workResource(context, target);
    context.resourceRemoved(work.kind, work.name);
    return {};
  },
};
