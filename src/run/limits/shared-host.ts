import type { RestoreRequest } from '../../steps/restore-request.ts';
import { availableCores } from './cores.ts';
import { availableMemory, memoryBudget } from './memory.ts';

const MiB = 1024 ** 2;

/** For a recovery server with its shared buffers, and odo's part of one run. @unit bytes */
const memoryOfOne = 1024 * MiB;
/** A store and a disk are the bottleneck long before. */
const most = 8;
/** The least that `--memory` takes. @unit bytes */
const leastBudget = 16 * MiB;

/** How many restores this host carries at the same time: one for two cores and for each GiB of memory. */
export function parallelFor(
  asked: number | 'auto',
  cores = availableCores(),
  memoryBytes = availableMemory(),
): number {
  if (asked !== 'auto') return asked;
  return Math.max(1, Math.min(most, Math.ceil(cores / 2), Math.floor(memoryBytes / memoryOfOne)));
}

/** The request of one among `parallel` runs: it gets its part of the cores and of the memory for buffers. */
export function shareOf(
  request: RestoreRequest,
  parallel: number,
  cores = availableCores(),
  memoryBytes = availableMemory(),
): RestoreRequest {
  if (parallel === 1) return request;
  const budget = Math.floor(memoryBudget(request.memoryBytes, memoryBytes) / parallel);
  return {
    ...request,
    jobs: request.jobs === 'auto' ? Math.max(1, Math.floor(cores / parallel)) : request.jobs,
    memoryBytes: Math.max(leastBudget, budget),
  };
}
