import type { RecoveryStop } from '../postgres/recovery-stop.ts';
import type { RecoveryMilestone } from '../steps/step.ts';

/** A milestone of the recovery, a sentence of a few words. */
export function recoveryText(milestone: RecoveryMilestone): string {
  switch (milestone.state) {
    case 'consistent':
      return `consistent at ${milestone.lsn}`;
    case 'target-reached':
      return `target reached: ${milestone.stop === null ? milestone.says : stopText(milestone.stop)}`;
    case 'paused-at-target':
      return 'paused at the target: the database can be read, and is not promoted';
    case 'shut-down-at-target':
      return 'shut down at the target; the database is not promoted';
    case 'replayed':
      return `replayed to ${milestone.lsn}${milestone.lastTransaction === null ? '' : `, last transaction ${serverTime(milestone.lastTransaction)}`}`;
    case 'promoted':
      return `promoted to timeline ${milestone.timeline}`;
  }
}

function stopText({ side, what, xid, lsn, name, time }: RecoveryStop): string {
  const at = time === null ? '' : ` at ${serverTime(time)}`;
  switch (what) {
    case 'consistency':
      return 'the database is consistent';
    case 'lsn':
      return `stopped ${side} ${lsn}`;
    case 'restore-point':
      return `stopped at the restore point "${name ?? ''}", made${at}`;
    default:
      return `stopped ${side} the ${what} of transaction ${xid}${at}`;
  }
}

/** To the microsecond, as it decides which transactions are there: `2026-11-22 22:09:55.041523Z`. */
const serverTime = (rfc3339: string): string => rfc3339.replace('T', ' ');
