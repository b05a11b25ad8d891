import type { ErrorData } from '../errors/serialize.ts';
import { formatLsn, parseLsn } from '../postgres/lsn.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { type TimelineStretch, timelineOfSegment } from '../postgres/timeline-history.ts';
import { lastSegmentNumber, segmentName, segmentNumberOf } from '../postgres/wal-segment.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { WalPlan } from './base-backup.ts';
import { type ChosenTimeline, chooseTimeline } from './choose-timeline.ts';
import { newestFirst, type SegmentCopies } from './wal-copies.ts';
import {
  type HistoryFile,
  listSegments,
  readHistoryFiles,
  type WalFolder,
  type WalVariants,
} from './wal-inventory.ts';
import { firstOfTimelineMissing } from './wal-problems.ts';
import type { BackupRange } from './wal-range.ts';
import type { WantedEnd } from './wanted-end.ts';

/** The segments that recovery reads one after the other, as far as they are there. */
export interface WalWay extends Omit<ChosenTimeline, 'problem'> {
  readonly problems: readonly ErrorData[];
  /** Of the path, and of later timelines: by these the server knows which numbers are taken when it opens its own. */
  readonly histories: readonly HistoryFile[];
  readonly inventory: ReadonlyMap<string, WalVariants>;
  readonly segments: readonly SegmentCopies[];
  readonly firstNumber: number;
  readonly consistentNumber: number;
  readonly lastNumber: number;
  /** The last that the target can need; infinite when only the WAL itself tells. */
  readonly wantedNumber: number;
}

/** From the segment in which the backup begins on until one is missing or the target needs no more. */
export async function findWay(
  storage: ObjectStorage,
  range: BackupRange,
  archive: { readonly folders: readonly WalFolder[]; readonly segmentBytes: number },
  wanted: WantedEnd,
  signal: AbortSignal,
): Promise<WalWay> {
  const { folders, segmentBytes } = archive;
  const [begin, end] = [parseLsn(range.beginLsn), parseLsn(range.endLsn)];
  const firstNumber = segmentNumberOf(begin, segmentBytes);
  const consistentNumber = lastSegmentNumber(begin, end, segmentBytes);
  const wantedNumber = Math.max(consistentNumber, lastNeeded(wanted.target, consistentNumber, segmentBytes));
  const read = await readHistories(storage, range, folders, wanted, signal);
  const warnings = [...read.warnings];

  /** Without the timelines from a certain one on. */
  const follow = async (below: number): Promise<WalWay> => {
    const files = read.files.filter((file) => file.timeline < below);
    const its = { files, folders: folders.filter((folder) => folder.timeline < below) };
    const { timeline, path, problem, ...chosen } = chooseTimeline(range, begin, end, its, wanted);
    warnings.push(...chosen.warnings);
    const inventory = await listWay(
      storage,
      path,
      { folders, segmentBytes, firstNumber, wantedNumber },
      signal,
    );
    const walk = walkPath(path, { firstNumber, wantedNumber, segmentBytes, inventory });
    const ownBegin = segmentNumberOf(path.at(-1)?.begin ?? 0n, segmentBytes);
    const own = segmentName({ timeline, number: ownBegin }, segmentBytes);
    const hasNone = path.length > 1 && walk.lastNumber < ownBegin && walk.lastNumber < wantedNumber;
    const isNewest = ![...inventory.keys()].some(
      (name) => name.startsWith(own.slice(0, 8)) && (inventory.get(name)?.complete.length ?? 0) > 0,
    );
    const problems = problem === null ? [] : [problem];
    if (hasNone && isNewest && problem === null && timeline !== range.endTimeline) {
      if (wanted.timeline === 'latest') {
        warnings.push(
          `The first segment of timeline ${timeline}, ${own}, is not archived; recovery stays on the timeline before it.`,
        );
        return follow(timeline);
      }
      problems.push(firstOfTimelineMissing(range, timeline, own));
    }
    return {
      timeline,
      path,
      problems,
      warnings: [...warnings, ...walk.warnings],
      histories: read.files.filter(
        (file) => file.timeline > timeline || path.some((stretch) => stretch.timeline === file.timeline),
      ),
      inventory,
      segments: walk.segments,
      firstNumber,
      consistentNumber,
      lastNumber: walk.lastNumber,
      wantedNumber,
    };
  };
  return follow(Number.POSITIVE_INFINITY);
}

/**
 * A record that begins at an LSN may reach into the next segment, and the first record behind it may begin there.
 * Times, transactions and restore points are in the WAL only.
 */
function lastNeeded(target: RecoveryTarget, consistentNumber: number, segmentBytes: number): number {
  if (target.kind === 'immediate') return consistentNumber;
  if (target.kind === 'lsn') return segmentNumberOf(parseLsn(target.lsn), segmentBytes) + 1;
  return Number.POSITIVE_INFINITY;
}

async function readHistories(
  storage: ObjectStorage,
  range: BackupRange,
  folders: readonly WalFolder[],
  { timeline }: WantedEnd,
  signal: AbortSignal,
): Promise<{ files: HistoryFile[]; warnings: string[] }> {
  const known = new Set([range.timeline, range.endTimeline, ...folders.map((folder) => folder.timeline)]);
  // One more than the highest: a promotion whose first segment is not archived yet.
  known.add(Math.max(...known) + 1);
  if (typeof timeline === 'number') known.add(timeline);
  const sorted = [...known].sort((a, b) => a - b);
  return readHistoryFiles(storage, range.walFolder, sorted, signal);
}

interface Way {
  readonly firstNumber: number;
  readonly wantedNumber: number;
  readonly segmentBytes: number;
}

async function listWay(
  storage: ObjectStorage,
  path: readonly TimelineStretch[],
  { folders, segmentBytes, firstNumber, wantedNumber }: Way & { readonly folders: readonly WalFolder[] },
  signal: AbortSignal,
): Promise<Map<string, WalVariants>> {
  const logOf = (number: number) => Math.floor(number / (2 ** 32 / segmentBytes));
  const onTheWay = folders.filter(
    ({ log, timeline }) =>
      log >= logOf(firstNumber) &&
      log <= logOf(wantedNumber) &&
      path.some((stretch) => stretch.timeline === timeline),
  );
  const from = segmentName({ timeline: path[0]?.timeline ?? 1, number: firstNumber }, segmentBytes);
  return listSegments(storage, onTheWay, from, signal);
}

function walkPath(
  path: readonly TimelineStretch[],
  { firstNumber, wantedNumber, segmentBytes, inventory }: Way & { inventory: WalWay['inventory'] },
): { lastNumber: number; segments: SegmentCopies[]; warnings: string[] } {
  const segments: SegmentCopies[] = [];
  const doubled: string[] = [];
  let number = firstNumber;
  for (; number <= wantedNumber; number += 1) {
    const timeline = timelineOfSegment(path, number, segmentBytes);
    const name = segmentName({ timeline, number }, segmentBytes);
    const [newest, ...older] = newestFirst(inventory.get(name)?.complete ?? []);
    if (newest === undefined) break;
    if (older.length > 0) doubled.push(name);
    segments.push({ name, copies: [newest, ...older] });
  }
  const warnings =
    doubled.length === 0
      ? []
      : [
          `${doubled.length} WAL segments are archived more than once (first ${doubled[0]}); the newest copy that can be read is used.`,
        ];
  return { lastNumber: number - 1, segments, warnings };
}

/** For a person and for the server's timeline: what of a path lies behind the backup's begin. */
export function shownPath(path: readonly TimelineStretch[], beginLsn: string): NonNullable<WalPlan['path']> {
  const begin = parseLsn(beginLsn);
  return path
    .filter(({ end }) => end === null || end > begin)
    .map(({ timeline, end }) => ({ timeline, untilLsn: end === null ? null : formatLsn(end) }));
}
