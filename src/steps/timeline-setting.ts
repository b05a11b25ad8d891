import { historyFileName } from '../postgres/wal-segment.ts';
import type { RestorePlan } from './restore-plan.ts';

/**
 * What the server is told to follow: the timeline that the plan found in the history files, by its number. Never
 * `latest`, whose search stops at the first number that is missing and follows a fork that the backup does not descend
 * from; and `current` only where there is no history file, without which the server refuses a number
 * (xlogrecovery.c, `validateRecoveryParameters`): timeline 1 never has one, and needs none.
 */
export function timelineSetting({ contents: { wal } }: Pick<RestorePlan, 'contents'>): number | 'current' {
  if (wal === null) return 'current';
  const history = historyFileName(wal.timeline);
  return wal.timeline === 1 || wal.objects.some(({ name }) => name === history) ? wal.timeline : 'current';
}
