import { formatLsn } from '../postgres/lsn.ts';
import { isOnPath, type TimelineStretch } from '../postgres/timeline-history.ts';
import { segmentStart } from '../postgres/wal-segment.ts';
import { endOfRange, nameOnPath, neededSegments, type WalEnd } from './backup-wal.ts';
import type { BaseBackup } from './base-backup.ts';
import type { SegmentRange } from './segment-ranges.ts';
import { coverageAlong, pathsOf, type WalCoverage } from './wal-coverage.ts';

/** A stretch of a cluster's history of which every moment can be reached. */
export interface RecoveryWindow {
  readonly server: string | null;
  /** The timeline on which it ends. */
  readonly timeline: number;
  /** `point`: the backup has no WAL but its own, and its end is the only moment. */
  readonly kind: 'range' | 'point';
  /** The end of the oldest backup in it. */
  readonly from: { readonly backup: string; readonly lsn: string | null; readonly finishedAt: string | null };
  /** The end of its archived WAL; null for a point. */
  readonly to: WalEnd | null;
  /** Backups from which moments in it are reached, oldest first. */
  readonly backups: readonly string[];
}

/** WAL that is missing between two stretches that are there, where a backup would have needed it. */
export interface WalGap {
  readonly server: string | null;
  readonly timeline: number;
  readonly firstMissing: string;
  readonly lastMissing: string;
  /** How many are missing. */
  readonly segments: number;
  /** The positions that are lost: [beginLsn, endLsn). */
  readonly beginLsn: string;
  readonly endLsn: string;
  /** Backups from which the time before the gap can be reached, oldest first. */
  readonly usableBefore: readonly string[];
  readonly usableAfter: readonly string[];
}

interface PlacedBackup {
  readonly backup: BaseBackup;
  readonly first: number;
  readonly last: number;
  readonly end: bigint;
}

/**
 * What an archive and its backups can reach together, and where it is torn. `backups`: those of one server that can
 * be restored as far as they themselves are concerned.
 */
export function findWindows(
  backups: readonly BaseBackup[],
  coverage: WalCoverage,
): { windows: RecoveryWindow[]; gaps: WalGap[] } {
  const windows = new Map<string, RecoveryWindow>();
  const gaps = new Map<string, WalGap>();
  const timelines = backups.flatMap(({ timeline }) => (timeline === null ? [] : [timeline]));
  for (const path of pathsOf(coverage, timelines)) {
    const placed = backupsOn(path, backups, coverage.segmentBytes);
    const covered = coverageAlong(path, coverage);
    // Timelines share what lies before their fork: it is told once.
    for (const window of windowsOn(path, covered, placed, coverage.segmentBytes)) {
      const key = `${window.from.backup} ${window.to?.segment}`;
      if (!windows.has(key)) windows.set(key, window);
    }
    for (const gap of gapsOn(path, covered, placed, coverage.segmentBytes)) {
      const key = `${gap.firstMissing} ${gap.lastMissing}`;
      if (!gaps.has(key)) gaps.set(key, gap);
    }
  }
  return { windows: [...windows.values()], gaps: [...gaps.values()] };
}

/** The only moment that a backup without an archive reaches. */
export const pointOf = (backup: BaseBackup): RecoveryWindow => ({
  server: backup.server,
  timeline: backup.endTimeline ?? backup.timeline ?? 1,
  kind: 'point',
  from: { backup: backup.id, lsn: backup.endLsn, finishedAt: backup.finishedAt },
  to: null,
  backups: [backup.id],
});

/** In the order of their ends in the WAL. */
function backupsOn(
  path: readonly TimelineStretch[],
  backups: readonly BaseBackup[],
  segmentBytes: number,
): PlacedBackup[] {
  return backups
    .flatMap((backup) => {
      const needed = neededSegments(backup, segmentBytes);
      if (needed === null || backup.timeline === null) return [];
      const isOn =
        isOnPath(path, backup.timeline, needed.begin) &&
        isOnPath(path, backup.endTimeline ?? backup.timeline, needed.end);
      return isOn ? [{ backup, first: needed.first, last: needed.last, end: needed.end }] : [];
    })
    .sort((a, b) => (a.end < b.end ? -1 : a.end > b.end ? 1 : 0));
}

const isIn = ({ first, last }: PlacedBackup, { from, to }: SegmentRange): boolean =>
  first >= from && last <= to;

function windowsOn(
  path: readonly TimelineStretch[],
  covered: readonly SegmentRange[],
  placed: readonly PlacedBackup[],
  segmentBytes: number,
): RecoveryWindow[] {
  return covered.flatMap((range) => {
    const usable = placed.filter((one) => isIn(one, range));
    const [oldest] = usable;
    if (oldest === undefined) return [];
    const to = endOfRange(path, range.to, range.archivedAt, segmentBytes);
    const { id, server, endLsn, finishedAt } = oldest.backup;
    return [
      {
        server,
        timeline: to.timeline,
        kind: 'range' as const,
        from: { backup: id, lsn: endLsn, finishedAt },
        to,
        backups: usable.map(({ backup }) => backup.id),
      },
    ];
  });
}

/** What is missing before every backup is where retention stopped, and hurts nobody. */
function gapsOn(
  path: readonly TimelineStretch[],
  covered: readonly SegmentRange[],
  placed: readonly PlacedBackup[],
  segmentBytes: number,
): WalGap[] {
  const oldest = Math.min(...placed.map(({ first }) => first));
  const usable = placed.filter((one) => covered.some((range) => isIn(one, range)));
  return covered.flatMap((range, index) => {
    const from = Math.max((covered[index - 1]?.to ?? -1) + 1, oldest);
    const to = range.from - 1;
    if (from > to) return [];
    const idsOf = (some: readonly PlacedBackup[]) => some.map(({ backup }) => backup.id);
    return [
      {
        server: placed[0]?.backup.server ?? null,
        timeline: path.at(-1)?.timeline ?? 1,
        firstMissing: nameOnPath(path, from, segmentBytes),
        lastMissing: nameOnPath(path, to, segmentBytes),
        segments: to - from + 1,
        beginLsn: formatLsn(segmentStart(from, segmentBytes)),
        endLsn: formatLsn(segmentStart(to + 1, segmentBytes)),
        usableBefore: idsOf(usable.filter(({ last }) => last < from)),
        usableAfter: idsOf(usable.filter(({ first }) => first > to)),
      },
    ];
  });
}
