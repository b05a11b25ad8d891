import type { ScannedCommit } from '../../archive/wal-scan/segment-scan.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { type RecoveryTarget, targetText } from '../../postgres/recovery-target.ts';
import { fromServerClock } from '../../postgres/server-clock.ts';
import { shortTime } from '../../postgres/timestamp.ts';
import type { BaseBackup } from '../base-backup.ts';
import { problem } from '../problem.ts';

/** How far the WAL leads: the last valid record, and the last commit up to it. */
export interface Reach {
  readonly lastLsn: bigint | null;
  readonly endLsn: bigint | null;
  readonly lastCommit: ScannedCommit | null;
  /** Of commits and aborts. */
  readonly newestTime: bigint | null;
  /** Names of restore points on the way, the latest ones. */
  readonly restorePoints: readonly string[];
  /** Whether the database is consistent there. */
  readonly isConsistent: boolean;
}

const timeText = (time: bigint): string => shortTime(fromServerClock(time));

/** The way stops at a place in the archive. `what`: segment, object and what is wrong, as a sentence without its end. */
export function brokenWay(
  target: RecoveryTarget,
  backup: BaseBackup,
  reach: Reach,
  what: string,
  details: Readonly<Record<string, unknown>>,
): ErrorData {
  return problem(
    'TARGET_UNREACHABLE',
    `${what}. ${reach.isConsistent ? `Recovery to ${targetText(target)} cannot pass it; it can reach ${reachText(reach)}` : `Backup ${backup.id} cannot become consistent without it`}.`,
    reach.isConsistent
      ? `Bring the object back from another copy of the archive, or stop in front of that place: ${stopHere(reach)}.`
      : 'Bring the object back from another copy of the archive, or choose another backup with --backup.',
    { ...details, target, ...reachDetails(reach) },
  );
}

/** The WAL is whole, and the target is not in it. */
export function behindTheEnd(target: RecoveryTarget, backup: BaseBackup, reach: Reach): ErrorData {
  if (!reach.isConsistent) {
    return problem(
      'TARGET_UNREACHABLE',
      `The archived WAL ends at ${lsnText(reach.endLsn)}, in front of the end of backup ${backup.id} (${backup.endLsn}), which cannot become consistent.`,
      'If the source still runs, run SELECT pg_switch_wal() there and try again in a minute; otherwise choose another backup with --backup.',
      { target, ...reachDetails(reach) },
    );
  }
  const { message, hint } = missing(target, reach);
  return problem('TARGET_UNREACHABLE', message, hint, { target, ...reachDetails(reach) });
}

function missing(target: RecoveryTarget, reach: Reach): { message: string; hint: string } {
  const toEnd = `or leave the target out to recover to the end, ${reachText(reach)}`;
  switch (target.kind) {
    case 'xid':
      return {
        message: `Transaction ${target.xid} does not end in the archived WAL, which leads to ${reachText(reach)}.`,
        hint: `Check the number, choose a backup from before it ended, ${toEnd}.`,
      };
    case 'name': {
      const others = reach.restorePoints.map((name) => JSON.stringify(name)).join(', ');
      return {
        message: `There is no restore point ${JSON.stringify(target.name)} in the archived WAL, which leads to ${reachText(reach)}${others === '' ? '' : ` and has the restore points ${others}`}.`,
        hint: `Check the name, choose a backup from before it was made, ${toEnd}.`,
      };
    }
    case 'time':
      return {
        message: `No transaction in the archived WAL ended after ${targetText(target)}: it leads to ${reachText(reach)}, and the server stops at a time only when something later comes.`,
        hint: `Choose a time before ${reach.newestTime === null ? 'that' : timeText(reach.newestTime)}, ${toEnd}.`,
      };
    default:
      return {
        message: `The archived WAL ends at ${lsnText(reach.endLsn)}, in front of ${targetText(target)}.`,
        hint: `Choose a place up to ${lsnText(reach.lastLsn)}, ${toEnd}.`,
      };
  }
}

/** Recovery may not stop before the database is consistent. */
export function beforeTheBackupsEnd(
  target: RecoveryTarget,
  backup: BaseBackup,
  at: { readonly lsn: bigint; readonly lastCommit: ScannedCommit | null },
): ErrorData {
  const ended = backup.finishedAt === null ? '' : `, ${backup.finishedAt}`;
  return problem(
    'TARGET_UNREACHABLE',
    `${capitalized(targetText(target))} is met at ${formatLsn(at.lsn)}, in front of the end of backup ${backup.id} (${backup.endLsn}${ended}), before which the database is not consistent.`,
    `Choose an older backup with --backup, or a target from ${backup.endLsn}${ended} on; --target-immediate is the earliest.`,
    { target, lsn: formatLsn(at.lsn), earliestLsn: backup.endLsn, earliestTime: backup.finishedAt },
  );
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const lsnText = (lsn: bigint | null): string => (lsn === null ? 'its beginning' : formatLsn(lsn));

function reachText({ endLsn, lastCommit }: Reach): string {
  const commit = lastCommit === null ? '' : ` (last commit ${timeText(lastCommit.time)})`;
  return `${lsnText(endLsn)}${commit}`;
}

const stopHere = ({ lastLsn }: Reach): string =>
  lastLsn === null ? '--target-immediate' : `--target-lsn ${formatLsn(lastLsn)}`;

function reachDetails({ lastLsn, endLsn, lastCommit }: Reach): Record<string, unknown> {
  return {
    reachableLsn: lastLsn === null ? null : formatLsn(lastLsn),
    reachableEndLsn: endLsn === null ? null : formatLsn(endLsn),
    reachableTime: lastCommit === null ? null : timeText(lastCommit.time),
    reachableXid: lastCommit === null ? null : String(lastCommit.xid),
  };
}
