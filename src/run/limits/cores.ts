import { availableParallelism } from 'node:os';
import { cgroupLimits } from './cgroup.ts';

/** CPU cores that this process may use: its affinity, or the quota of its control group where that is less. At least 1. */
export function availableCores(
  cores = availableParallelism(),
  quota: number | null = cgroupLimits().cores,
): number {
  return Math.max(1, Math.min(cores, Math.ceil(quota ?? cores)));
}
