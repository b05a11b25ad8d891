import type { RestorePlan } from '../../steps/restore-plan.ts';
import { formatBytes } from '../../steps/units.ts';
import { listRow, type Row } from './row.ts';

/** With which means the restore works, and what was chosen beside. */
export const workRows = (plan: RestorePlan): Row[] => [
  ['work', `${plan.jobs} at a time, a checkpoint every ${formatBytes(plan.checkpointBytes)}`],
  ...listRow('limits', limitTexts(plan)),
  ...listRow('also', choiceTexts(plan)),
];

const limitTexts = ({ maxRateBytesPerSecond, memoryBytes, background }: RestorePlan): string[] => [
  ...(maxRateBytesPerSecond === null ? [] : [`${formatBytes(maxRateBytesPerSecond)}/s from the store`]),
  ...(memoryBytes === null ? [] : [`${formatBytes(memoryBytes)} of buffers`]),
  ...(background ? ['the weakest CPU and I/O priority for threads that read, decode and write'] : []),
];

const pageCheckTexts = {
  auto: 'page checksums are checked, if the cluster has them',
  stream: 'page checksums are checked',
  server: 'page checksums are checked by pg_checksums, after recovery',
} as const;

const choiceTexts = ({ sync, pageChecksums, publishIndex }: RestorePlan): string[] => [
  ...(sync ? [] : ['files are not synced to disk']),
  ...(pageChecksums === 'off' ? [] : [pageCheckTexts[pageChecksums]]),
  ...(publishIndex ? ['the seek index of each archive is stored beside the backup'] : []),
];
