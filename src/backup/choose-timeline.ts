import type { ErrorData } from '../errors/serialize.ts';
import { formatLsn, parseLsn } from '../postgres/lsn.ts';
import { isOnPath, type TimelineStretch, timelinePath } from '../postgres/timeline-history.ts';
import { historyFileName } from '../postgres/wal-segment.ts';
import { problem } from './problem.ts';
import type { HistoryFile, WalFolder } from './wal-inventory.ts';
import type { BackupRange } from './wal-range.ts';
import { endOfWal, type Lineage, type WantedEnd } from './wanted-end.ts';

export interface ChosenTimeline {
  readonly timeline: number;
  readonly path: readonly TimelineStretch[];
  readonly warnings: readonly string[];
  /** Why recovery must not go there, or cannot. */
  readonly problem: ErrorData | null;
}

/** What a timeline is chosen from. */
export interface KnownTimelines {
  readonly files: readonly HistoryFile[];
  /** Folders of the archive that hold WAL. */
  readonly folders: readonly Pick<WalFolder, 'timeline'>[];
}

type Range = Pick<BackupRange, 'backupId' | 'walFolder' | 'timeline' | 'endTimeline'>;

/**
 * The timeline that recovery follows to its end, worked out from the history files; the server's own search for the
 * latest one stops at the first number that is missing, and does not look whether what it found descends from the backup.
 */
export function chooseTimeline(
  range: Range,
  begin: bigint,
  end: bigint,
  known: KnownTimelines,
  { timeline: wanted, lineage = null }: Pick<WantedEnd, 'timeline' | 'lineage'> = endOfWal,
): ChosenTimeline {
  const descends = (path: readonly TimelineStretch[]): boolean =>
    isOnPath(path, range.timeline, begin) && isOnPath(path, range.endTimeline, end);
  if (wanted === 'latest') return newestOf(range, known, descends, lineage);
  const timeline = wanted === 'current' ? range.endTimeline : wanted;
  const path = pathTo(timeline, known);
  const chosen = { timeline, path, warnings: [] };
  // What it came from does not matter to a backup of the timeline itself.
  if (timeline === range.endTimeline)
    return { ...chosen, path: descends(path) ? path : alone(timeline), problem: null };
  if (!known.files.some((file) => file.timeline === timeline) && timeline !== 1)
    return { ...chosen, problem: historyMissing(range, timeline, known) };
  return { ...chosen, problem: descends(path) ? null : notOnTheWay(range, timeline, path, end) };
}

/**
 * The newest timeline that descends from the backup and has WAL of its own; where the cluster has branched since, on
 * the branch of its newest backup: an earlier target lies on the same history as the end.
 */
function newestOf(
  range: Range,
  known: KnownTimelines,
  descends: (path: readonly TimelineStretch[]) => boolean,
  lineage: Lineage | null,
): ChosenTimeline {
  const isMain = (path: readonly TimelineStretch[]): boolean =>
    lineage === null || isOnPath(path, lineage.timeline, parseLsn(lineage.lsn));
  const mayFollow = (file: HistoryFile): boolean =>
    file.timeline >= range.endTimeline && descends(timelinePath(file.timeline, file.entries));
  // Its own timeline has no history file when it is the first one.
  const own = pathTo(range.endTimeline, known);
  const hasMain =
    (descends(own) && isMain(own)) ||
    known.files.some((file) => mayFollow(file) && isMain(timelinePath(file.timeline, file.entries)));
  const warnings: string[] = [];
  const newestFirst = known.files.toSorted((a, b) => b.timeline - a.timeline);
  const withWal = new Set(known.folders.map((folder) => folder.timeline));
  // Without its history file, only the backup's own timeline is known.
  let [timeline, path] = [range.endTimeline, alone(range.endTimeline)];
  for (const file of newestFirst) {
    if (file.timeline < range.endTimeline) continue;
    const its = timelinePath(file.timeline, file.entries);
    if (!descends(its)) {
      if (file.timeline > range.timeline) {
        warnings.push(`Timeline ${file.timeline} does not descend from the backup and is left out.`);
      }
      continue;
    }
    if (hasMain && lineage !== null && !isMain(its)) {
      warnings.push(
        `Timeline ${file.timeline} branched off before the newest backup, ${lineage.backupId}, ended, and is left out. To follow it: --target-timeline ${file.timeline}`,
      );
      continue;
    }
    if (file.timeline !== range.endTimeline && !withWal.has(file.timeline)) {
      warnings.push(
        `Timeline ${file.timeline} exists, but none of its WAL is archived; recovery stays on the timeline before it.`,
      );
      continue;
    }
    [timeline, path] = [file.timeline, its];
    break;
  }
  const withHistory = new Set(known.files.map((file) => file.timeline));
  const unknown = Math.max(...[...withWal].filter((one) => one > timeline && !withHistory.has(one)));
  const refused = Number.isFinite(unknown) ? mayGoOn(range, unknown, timeline) : null;
  return { timeline, path, warnings, problem: refused };
}

const alone = (timeline: number): TimelineStretch[] => [{ timeline, begin: 0n, end: null }];

/** How recovery gets to a timeline; without its history file only the timeline itself is known. */
export const pathTo = (timeline: number, { files }: Pick<KnownTimelines, 'files'>): TimelineStretch[] =>
  timelinePath(timeline, files.find((file) => file.timeline === timeline)?.entries ?? []);

function historyMissing({ walFolder, backupId }: Range, timeline: number, known: KnownTimelines): ErrorData {
  const name = historyFileName(timeline);
  const others = known.files.map((file) => file.timeline).filter((one) => one !== timeline);
  const isThere = known.folders.some((folder) => folder.timeline === timeline);
  const details = { missing: name, timeline, walFolder, timelines: others };
  if (isThere) {
    return problem(
      'WAL_MISSING',
      `The history file ${name} is not in ${walFolder} although WAL of timeline ${timeline} is there; without it no server finds the way from backup ${backupId} to that timeline.`,
      'Bring it back from pg_wal of the server that made the timeline, or choose another one with --target-timeline.',
      details,
    );
  }
  return problem(
    'TARGET_UNREACHABLE',
    `There is no timeline ${timeline} in ${walFolder}: neither WAL of it nor its history file ${name}.`,
    others.length === 0
      ? 'The archive has no history file at all: leave out --target-timeline.'
      : `There are histories of timeline ${others.toSorted((a, b) => a - b).join(', ')}.`,
    details,
  );
}

function notOnTheWay(
  { backupId, endTimeline, walFolder }: Range,
  timeline: number,
  path: readonly TimelineStretch[],
  end: bigint,
): ErrorData {
  const left = path.find((stretch) => stretch.timeline === endTimeline)?.end ?? null;
  const where =
    left === null
      ? `timeline ${endTimeline} is none of its ancestors`
      : `it branched off from timeline ${endTimeline} at ${formatLsn(left)}, and the backup ends at ${formatLsn(end)}`;
  return problem(
    'TARGET_UNREACHABLE',
    `Backup ${backupId} is not on the way to timeline ${timeline}: ${where}.`,
    left === null
      ? 'Choose another timeline with --target-timeline, or a backup of that one: odo backups'
      : 'Choose a backup that ended before the fork, or another timeline with --target-timeline.',
    { timeline, backupTimeline: endTimeline, forkLsn: left === null ? null : formatLsn(left), walFolder },
  );
}

/** The timeline may be the one that is meant: leaving it out would lose what it holds without a word. */
function mayGoOn({ walFolder, backupId }: Range, unknown: number, timeline: number): ErrorData {
  const name = historyFileName(unknown);
  return problem(
    'WAL_MISSING',
    `The history file ${name} is not in ${walFolder}, or cannot be read, although WAL of timeline ${unknown} is there: whether that goes on from backup ${backupId} cannot be told.`,
    `Bring the file back from pg_wal of the server that made the timeline, or say where to go: --target-timeline ${timeline}`,
    { missing: name, timeline: unknown, walFolder },
  );
}
