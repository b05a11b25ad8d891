import { formatLsn, parseLsn } from '../postgres/lsn.ts';
import { type TimelineStretch, timelineOfSegment } from '../postgres/timeline-history.ts';
import { lastSegmentNumber, segmentName, segmentNumberOf, segmentStart } from '../postgres/wal-segment.ts';
import type { BaseBackup } from './base-backup.ts';
import { chooseTimeline } from './choose-timeline.ts';
import { firstMissing, rangeWith } from './segment-ranges.ts';
import { coverageAlong, type WalCoverage } from './wal-coverage.ts';
import type { Lineage } from './wanted-end.ts';

/** Whether the WAL that a backup needs is there, and how far the WAL behind it goes. */
export interface BackupWal {
  /**
   * - `complete`: every segment from begin to end is in the archive
   * - `missing`: one is not
   * - `inside`: the backup brings its own
   * - `unchecked`: nobody looked
   * - `unknown`: the backup does not say what it needs
   */
  readonly state: 'complete' | 'missing' | 'inside' | 'unchecked' | 'unknown';
  /** The first of those that are missing; null when all are, and there is no archive to name one of. */
  readonly missing: string | null;
  /** End of the unbroken WAL behind the backup, on the timeline that recovery follows; null unless `complete`. */
  readonly reaches: WalEnd | null;
  /**
   * The segment that is missing there although newer ones are in the archive, or the history file of a timeline of which
   * there is WAL; null when it is the archive's end.
   */
  readonly gap: string | null;
}

/** Where a stretch of archived WAL ends. */
export interface WalEnd {
  readonly timeline: number;
  /** First position behind it. */
  readonly lsn: string;
  readonly segment: string;
  /** When that segment was archived: what it holds was committed before. Null when not known. */
  readonly archivedAt: string | null;
}

const nothing = { missing: null, reaches: null, gap: null };

/** A backup of which no archive is known, or wanted. */
export function walWithoutArchive({ walFolder, status, holdsWal = true }: BaseBackup): BackupWal {
  if (walFolder !== null) return { state: 'unchecked', ...nothing };
  const state = holdsWal === false ? 'missing' : holdsWal && status === 'complete' ? 'inside' : 'unknown';
  return { state, ...nothing };
}

/** Segments that make a backup consistent, by number; null when it does not say. */
export function neededSegments(
  backup: BaseBackup,
  segmentBytes: number,
): { first: number; last: number; begin: bigint; end: bigint } | null {
  if (backup.beginLsn === null || backup.endLsn === null) return null;
  const [begin, end] = [parseLsn(backup.beginLsn), parseLsn(backup.endLsn)];
  return {
    begin,
    end,
    first: segmentNumberOf(begin, segmentBytes),
    last: lastSegmentNumber(begin, end, segmentBytes),
  };
}

/** Judges by the same path that a restore would take. */
export function walInArchive(
  backup: BaseBackup,
  coverage: WalCoverage,
  lineage: Lineage | null = null,
): BackupWal {
  const { segmentBytes } = coverage;
  const needed = neededSegments(backup, segmentBytes);
  if (needed === null || backup.timeline === null) return { state: 'unknown', ...nothing };
  const range = {
    backupId: backup.id,
    walFolder: coverage.walFolder,
    timeline: backup.timeline,
    endTimeline: backup.endTimeline ?? backup.timeline,
  };
  const archived = [...coverage.timelines.keys()].map((timeline) => ({ timeline }));
  const known = { files: coverage.histories, folders: archived };
  const { path, problem } = chooseTimeline(range, needed.begin, needed.end, known, {
    timeline: 'latest',
    lineage,
  });
  const covered = coverageAlong(path, coverage);
  const missing = firstMissing(covered, needed.first, needed.last);
  if (missing !== null)
    return { ...nothing, state: 'missing', missing: nameOnPath(path, missing, segmentBytes) };
  const reached = rangeWith(covered, needed.first);
  if (reached === null) return { state: 'unknown', ...nothing };
  const isBroken = covered.some(({ from }) => from > reached.to);
  const lost = problem?.details?.missing;
  const history = typeof lost === 'string' ? lost : null;
  return {
    state: 'complete',
    missing: null,
    reaches: endOfRange(path, reached.to, reached.archivedAt, segmentBytes),
    gap: isBroken ? nameOnPath(path, reached.to + 1, segmentBytes) : history,
  };
}

export function endOfRange(
  path: readonly TimelineStretch[],
  last: number,
  archivedAt: string | null,
  segmentBytes: number,
): WalEnd {
  return {
    timeline: timelineOfSegment(path, last, segmentBytes),
    lsn: formatLsn(segmentStart(last + 1, segmentBytes)),
    segment: nameOnPath(path, last, segmentBytes),
    archivedAt,
  };
}

export const nameOnPath = (path: readonly TimelineStretch[], number: number, segmentBytes: number): string =>
  segmentName({ timeline: timelineOfSegment(path, number, segmentBytes), number }, segmentBytes);
