import { parseMicros, shortTime } from './timestamp.ts';

/**
 * Where recovery stops; at most one kind, as for the server's `recovery_target*` settings.
 * - `end`: at the end of the WAL that there is
 * - `immediate`: as soon as the database is consistent
 * - `lsn`: at the first record that begins at or behind `X/X`
 * - `time`: RFC 3339 in UTC, to the microsecond; inclusive: in front of the first transaction that ended later
 * - `xid`: at the end of that transaction, whatever ended before it
 * - `name`: behind the first restore point of that name
 *
 * `inclusive`: what is at the target is still replayed.
 */
export type RecoveryTarget =
  | { readonly kind: 'end' }
  | { readonly kind: 'immediate' }
  | { readonly kind: 'lsn'; readonly lsn: string; readonly inclusive: boolean }
  | { readonly kind: 'time'; readonly time: string; readonly inclusive: boolean }
  | { readonly kind: 'xid'; readonly xid: string; readonly inclusive: boolean }
  | { readonly kind: 'name'; readonly name: string };

/** What happens there. `pause`: the server stays and answers read-only queries; `shutdown`: it ends, and nothing is promoted. */
export type RecoveryTargetAction = 'promote' | 'pause' | 'shutdown';

/** `latest`: the newest that descends from the backup, on the branch of the newest one; `current`: the backup's own. */
export type TargetTimeline = number | 'latest' | 'current';

/** For a person: `time 2026-11-27T19:57:00Z, inclusive`, `restore point "before the upgrade"`. */
export function targetText(target: RecoveryTarget): string {
  switch (target.kind) {
    case 'end':
      return 'the end of the WAL';
    case 'immediate':
      return 'the end of the base backup';
    case 'name':
      return `restore point ${JSON.stringify(target.name)}`;
    case 'time':
      return `time ${shortened(target.time)}, ${reach(target)}`;
    case 'lsn':
      return `LSN ${target.lsn}, ${reach(target)}`;
    case 'xid':
      return `transaction ${target.xid}, ${reach(target)}`;
  }
}

const reach = ({ inclusive }: { inclusive: boolean }): string => (inclusive ? 'inclusive' : 'exclusive');

function shortened(time: string): string {
  const micros = parseMicros(time);
  return micros === null ? time : shortTime(micros);
}

/**
 * Whether recovery ended where it should, by the reason that the server wrote into the history of the timeline that it
 * opened (xlogrecovery.c, `getRecoveryStopReason`). The end of the WAL is no target: the server has no reason for it.
 */
export function isReasonOf(target: RecoveryTarget, reason: string): boolean {
  switch (target.kind) {
    case 'end':
      return reason === 'no recovery target specified';
    case 'immediate':
      return reason === 'reached consistency';
    case 'name':
      // Only its first line is kept with the reason.
      return reason.startsWith(`at restore point "${target.name.split('\n')[0]}`);
    case 'time':
      return /^before \d{4,}-/.test(reason);
    case 'lsn':
      return reason.startsWith(`${target.inclusive ? 'after' : 'before'} LSN `);
    case 'xid':
      return reason === `${target.inclusive ? 'after' : 'before'} transaction ${target.xid}`;
  }
}
