import { GraftedTree } from '../target/grafted-tree.ts';
import type { TargetSpec } from '../target/target.ts';
import type { Tree } from '../target/tree.ts';
import type { RestorePlan, TargetAction } from './restore-plan.ts';
import type { StepContext } from './step.ts';

/** The data directory or a tablespace with a place of its own: all are made, marked and freed alike. */
export interface PlannedTree {
  readonly target: TargetSpec;
  readonly description: string;
  readonly action: TargetAction;
}

/** Every tree that the run fills, the data directory's first. */
export function plannedTrees(plan: RestorePlan): PlannedTree[] {
  const { target, targetDescription: description, targetAction: action } = plan;
  const places = plan.tablespaces.flatMap(({ place }) => place ?? []);
  return [{ target, description, action }, ...places];
}

/** The data directory with its tablespaces, wherever they lie: what is restored, owned and synced as one. */
export async function wholeTree(context: StepContext): Promise<Tree> {
  const plan = context.plan();
  const treeOf = async (spec: TargetSpec) => (await context.ports.target(spec)).dataTree(context.runId);
  const root = await treeOf(plan.target);
  const placed = plan.tablespaces.flatMap(({ path, place }) => (place === undefined ? [] : { path, place }));
  if (placed.length === 0) return root;
  const grafts = placed.map(async ({ path, place }) => ({ at: path, tree: await treeOf(place.target) }));
  return new GraftedTree(root, await Promise.all(grafts));
}
