import { parseServerTime } from './timestamp.ts';

/**
 * Where and why PostgreSQL stopped replaying (xlogrecovery.c, recoveryStopsBefore and recoveryStopsAfter), as far as
 * its message says it.
 */
export interface RecoveryStop {
  /** `at`: at a restore point. */
  readonly side: 'before' | 'after' | 'at';
  readonly what: 'commit' | 'abort' | 'lsn' | 'restore-point' | 'consistency';
  readonly xid: string | null;
  readonly lsn: string | null;
  /** Of the restore point. */
  readonly name: string | null;
  /** Of the commit, abort or restore point; RFC 3339 in UTC. */
  readonly time: string | null;
}

const blank = { xid: null, lsn: null, name: null, time: null };

/** Null for another message. A name ends at the last `", time`, since it may itself hold quotes. */
export function parseRecoveryStop(text: string): RecoveryStop | null {
  if (text.startsWith('recovery stopping after reaching consistency')) {
    return { side: 'after', what: 'consistency', ...blank };
  }
  const lsn = /^recovery stopping (before|after) WAL location \(LSN\) "([0-9A-F]+\/[0-9A-F]+)"/.exec(text);
  if (lsn) return { side: sideOf(lsn[1]), what: 'lsn', ...blank, lsn: lsn[2] ?? null };
  const transaction =
    /^recovery stopping (before|after) (commit|abort) of transaction (\d+)(?:, time (.+))?$/.exec(text);
  if (transaction) {
    const [, side, what, xid = null, time] = transaction;
    return {
      side: sideOf(side),
      what: what === 'abort' ? 'abort' : 'commit',
      ...blank,
      xid,
      time: time === undefined ? null : parseServerTime(time),
    };
  }
  const point = /^recovery stopping at restore point "(.*)", time (.+)$/.exec(text);
  if (point) {
    const [, name = null, time = ''] = point;
    return { side: 'at', what: 'restore-point', ...blank, name, time: parseServerTime(time) };
  }
  return null;
}

const sideOf = (text: string | undefined): 'before' | 'after' => (text === 'before' ? 'before' : 'after');
