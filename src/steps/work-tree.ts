import type { Target } from '../target/target.ts';
import type { WorkTree } from '../target/tree.ts';
import type { StepContext } from './step.ts';

/** How the work directory of a run is named in the journal's list of resources. */
export function workResource(
  context: StepContext,
  target: Target,
): { kind: 'volume' | 'directory'; name: string } {
  const { spec } = target;
  return spec.kind === 'docker-volume'
    ? { kind: 'volume', name: target.mounts(context.runId)?.work.volume ?? `work of ${spec.volume}` }
    : { kind: 'directory', name: `${spec.path}.odo-${context.runId}` };
}

/** The run's own directory for WAL and configuration, recorded before it is made. */
export async function openWorkTree(context: StepContext, target: Target): Promise<WorkTree> {
  const { kind, name } = workResource(context, target);
  context.resource(kind, name);
  return target.workTree(context.runId);
}
