import type { ErrorData } from '../errors/serialize.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { segmentStart } from '../postgres/wal-segment.ts';
import type { StoredObject } from '../storage/object-storage.ts';
import { problem } from './problem.ts';
import type { WalVariants } from './wal-inventory.ts';
import type { BackupRange } from './wal-range.ts';

/** A segment on the way of a recovery. */
export interface FoundSegment {
  readonly name: string;
  readonly object: StoredObject;
}

export function missingBeforeConsistency(
  range: BackupRange,
  missing: string,
  last: string,
  inventory: ReadonlyMap<string, WalVariants>,
): ErrorData {
  const partial = inventory.get(missing)?.partial[0];
  const empty = inventory.has(missing) && !partial;
  return problem(
    'WAL_MISSING',
    `WAL segment ${missing} ${empty ? 'is empty' : 'is not'} in ${range.walFolder}, and backup ${range.backupId} needs the WAL up to ${last} to become consistent.`,
    partial
      ? `Only ${partial.key} is there, which is unfinished. If the source still runs, run SELECT pg_switch_wal() there; otherwise choose an older backup.`
      : 'If the source still runs, run SELECT pg_switch_wal() there and try again in a minute; otherwise choose an older backup.',
    {
      missing,
      neededUpTo: last,
      walFolder: range.walFolder,
      looked: ['', '.gz', '.bz2', '.snappy', '.xz', '.zst', '.lz4'],
    },
  );
}

export function gapBehindConsistency(
  range: BackupRange,
  missing: string,
  newer: { name: string; count: number },
  missingNumber: number,
  segmentBytes: number,
  last: FoundSegment | undefined,
): ErrorData {
  const upTo = formatLsn(segmentStart(missingNumber, segmentBytes));
  const about = last === undefined ? '' : `, archived about ${last.object.modifiedAt}`;
  return problem(
    'WAL_MISSING',
    `WAL segment ${missing} is missing in ${range.walFolder} although newer ones up to ${newer.name} are there: backup ${range.backupId} can be recovered up to ${upTo}${about}, and what came later cannot.`,
    'Bring the missing segment back from the source’s pg_wal or another copy, or choose a backup that is newer than the gap.',
    {
      missing,
      recoverableUpTo: upTo,
      newerSegments: newer.count,
      newest: newer.name,
      walFolder: range.walFolder,
    },
  );
}

/** The server would take the parent's copy of it and go on there, behind the fork (xlogrecovery.c, `XLogFileReadAnyTLI`). */
export function firstOfTimelineMissing(range: BackupRange, timeline: number, missing: string): ErrorData {
  return problem(
    'WAL_MISSING',
    `WAL segment ${missing}, the first of timeline ${timeline}, is not in ${range.walFolder}, and without it recovery cannot go over to that timeline.`,
    'If a server runs on that timeline, run SELECT pg_switch_wal() there and try again in a minute; or choose another timeline with --target-timeline.',
    { missing, timeline, walFolder: range.walFolder },
  );
}

/** The archive ends before the position that is wanted. */
export function behindTheEnd(range: BackupRange, target: string, last: string, upTo: string): ErrorData {
  return problem(
    'TARGET_UNREACHABLE',
    `LSN ${target} lies behind the end of the WAL in ${range.walFolder}, whose last segment on the way is ${last}: it goes up to ${upTo} at most.`,
    'Choose a position before that, or leave out the target to recover to the end. If the source still runs, SELECT pg_switch_wal() there archives what it has.',
    { target, reachableUpTo: upTo, lastSegment: last, walFolder: range.walFolder },
  );
}

/** A hole that hurts only who wants to get behind it. */
export const isGapBehindConsistency = ({ code, details }: ErrorData): boolean =>
  code === 'WAL_MISSING' && typeof details?.recoverableUpTo === 'string';
