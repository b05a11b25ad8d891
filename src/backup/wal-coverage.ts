import { errorCode } from '../errors/odo-error.ts';
import type { TimelineStretch } from '../postgres/timeline-history.ts';
import { parseWalFileName } from '../postgres/wal-file-name.ts';
import {
  isSegmentSize,
  lastSegmentNumber,
  parseSegmentName,
  segmentNumberOf,
} from '../postgres/wal-segment.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import { canBeRead } from './archive-objects.ts';
import { pathTo } from './choose-timeline.ts';
import {
  addSegment,
  clipRanges,
  joinRanges,
  type SegmentRange,
  type SegmentRanges,
} from './segment-ranges.ts';
import { readWalHeader } from './wal-header.ts';
import { type HistoryFile, readHistoryFiles } from './wal-inventory.ts';

/** Which WAL an archive holds, without a word for every segment. */
export interface WalCoverage {
  /** Key prefix of the archive. */
  readonly walFolder: string;
  /** @unit bytes */
  readonly segmentBytes: number;
  /** By timeline; only timelines that have complete segments. */
  readonly timelines: ReadonlyMap<number, SegmentRanges>;
  readonly histories: readonly HistoryFile[];
  readonly warnings: readonly string[];
}

/**
 * One listing of the whole archive, kept as ranges. The segment size is in the first page of any segment; the recorded
 * one counts only where that cannot be read.
 */
export async function readWalCoverage(
  storage: ObjectStorage,
  walFolder: string,
  recordedSegmentBytes: number,
  signal: AbortSignal,
): Promise<WalCoverage> {
  const timelines = new Map<number, SegmentRange[]>();
  const withHistory = new Set<number>();
  let segmentBytes: number | null = null;
  for await (const object of storage.list(walFolder, { signal })) {
    const name = parseWalFileName(object.key.slice(object.key.lastIndexOf('/') + 1));
    if (name?.kind === 'history') withHistory.add(name.timeline);
    // An empty object is an upload that failed; the server would refuse it for its size.
    if (name?.kind !== 'segment' || name.segment === null || object.sizeBytes === 0) continue;
    segmentBytes ??= (await statedSegmentBytes(storage, object, signal)) ?? recordedSegmentBytes;
    const segment = parseSegmentName(name.segment, segmentBytes);
    if (segment === null) continue;
    const ranges = timelines.get(segment.timeline) ?? [];
    timelines.set(segment.timeline, ranges);
    addSegment(ranges, segment.number, object.modifiedAt);
  }
  const sorted = [...withHistory].sort((a, b) => a - b);
  const { files, warnings } = await readHistoryFiles(storage, walFolder, sorted, signal);
  return {
    walFolder,
    segmentBytes: segmentBytes ?? recordedSegmentBytes,
    timelines,
    histories: files,
    warnings,
  };
}

/** Null when the segment cannot be read, is damaged, or says nonsense. */
async function statedSegmentBytes(
  storage: ObjectStorage,
  object: StoredObject,
  signal: AbortSignal,
): Promise<number | null> {
  if (!canBeRead(object)) return null;
  try {
    const header = await readWalHeader(storage, object, signal);
    return header !== null && isSegmentSize(header.segmentBytes) ? header.segmentBytes : null;
  } catch (error) {
    signal.throwIfAborted();
    const code = errorCode(error);
    if (code === 'ARCHIVE_CORRUPT' || code === 'FORMAT_UNKNOWN') return null;
    throw error;
  }
}

/**
 * What is there of the segments that recovery along a path reads, each from the one timeline it must come from: the
 * newest that begins in it or before (timeline-history.ts, `timelineOfSegment`).
 */
export function coverageAlong(path: readonly TimelineStretch[], coverage: WalCoverage): SegmentRange[] {
  const firstOf = (stretch: TimelineStretch) => segmentNumberOf(stretch.begin, coverage.segmentBytes);
  return joinRanges(
    path.flatMap((stretch, index) => {
      const next = path[index + 1];
      const last = next === undefined ? Number.POSITIVE_INFINITY : firstOf(next) - 1;
      return clipRanges(coverage.timelines.get(stretch.timeline) ?? [], firstOf(stretch), last);
    }),
  );
}

/**
 * The paths worth telling apart: to every timeline that has WAL or is wanted, unless it only leads to another one and
 * has nothing of its own behind the fork.
 */
export function pathsOf(coverage: WalCoverage, wanted: Iterable<number>): TimelineStretch[][] {
  const timelines = [...new Set([...coverage.timelines.keys(), ...wanted])].sort((a, b) => a - b);
  const paths = timelines.map((timeline) => pathTo(timeline, { files: coverage.histories }));
  const isOnlyAWay = (timeline: number): boolean =>
    paths.some((path) => {
      const stretch = path.find((one) => one.timeline === timeline);
      if (stretch === undefined || stretch.end === null) return false;
      const last = coverage.timelines.get(timeline)?.at(-1)?.to ?? -1;
      return last <= lastSegmentNumber(stretch.begin, stretch.end, coverage.segmentBytes);
    });
  return paths.filter((_, index) => !isOnlyAWay(timelines[index] ?? 0));
}
