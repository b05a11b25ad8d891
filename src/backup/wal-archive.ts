import { errorCode } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import { formatLsn, parseLsn } from '../postgres/lsn.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { type TimelineStretch, timelineOfSegment } from '../postgres/timeline-history.ts';
import type { LongPageHeader } from '../postgres/wal-page.ts';
import {
  historyFileName,
  isSegmentSize,
  parseSegmentName,
  segmentName,
  segmentNumberOf,
  segmentStart,
} from '../postgres/wal-segment.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import type { WalObject, WalPlan } from './base-backup.ts';
import { problem } from './problem.ts';
import { chooseCopies, newestFirst, unreadableSegments } from './wal-copies.ts';
import { readWalHeader } from './wal-header.ts';
import { listSegments, listWalFolders, type WalFolder, type WalVariants } from './wal-inventory.ts';
import {
  behindTheEnd,
  type FoundSegment,
  gapBehindConsistency,
  missingBeforeConsistency,
} from './wal-problems.ts';
import type { BackupRange } from './wal-range.ts';
import { findWay, shownPath, type WalWay } from './wal-way.ts';
import { endOfWal, type WantedEnd } from './wanted-end.ts';

export interface ArchiveWal {
  /** Null when the backup cannot be made consistent from the archive. */
  readonly plan: WalPlan | null;
  readonly systemIdentifier: string | null;
  readonly problems: readonly ErrorData[];
  readonly warnings: readonly string[];
}

/**
 * What an archive offers to a backup: every segment from its beginning to what the target can need, or to the end of
 * the unbroken range, on the timeline that is wanted. The server itself takes a hole behind the consistency point for
 * the end of WAL and promotes without a word; here a hole is a problem, unless the target surely lies before it.
 */
export async function planArchiveWal(
  storage: ObjectStorage,
  range: BackupRange,
  signal: AbortSignal,
  wanted: WantedEnd = endOfWal,
): Promise<ArchiveWal> {
  const problems: ErrorData[] = [];
  const warnings: string[] = [];
  const beginNumber = segmentNumberOf(parseLsn(range.beginLsn), range.segmentBytes);
  const recordedBegin = segmentName({ timeline: range.timeline, number: beginNumber }, range.segmentBytes);
  const folders = await listWalFolders(storage, range, recordedBegin, signal);
  if (folders.length === 0) {
    problems.push(
      problem(
        'WAL_MISSING',
        `There is no archived WAL at ${range.walFolder}${range.walLayout === 'flat' ? ` from ${recordedBegin} on` : ''}, and backup ${range.backupId} cannot become consistent without it.`,
        'Check that archive_command writes to this server’s folder, or that the WAL was not uploaded elsewhere.',
        { walFolder: range.walFolder },
      ),
    );
    return { plan: null, systemIdentifier: range.systemIdentifier, problems, warnings };
  }

  const first = await examineFirstSegment(storage, range, recordedBegin, folders, signal);
  problems.push(...first.problems);
  const { segmentBytes } = first;
  const systemIdentifier = range.systemIdentifier ?? first.systemIdentifier;

  const way = await findWay(storage, range, { folders, segmentBytes }, wanted, signal);
  problems.push(...way.problems);
  warnings.push(...way.warnings);
  // There is no way to the timeline that was asked for: what lies on it says nothing more.
  if (way.problems.length > 0 && wanted.timeline !== 'latest')
    return { plan: null, systemIdentifier, problems, warnings };
  const { path, timeline, inventory, consistentNumber } = way;
  const nameAt = (number: number) =>
    segmentName({ timeline: timelineOfSegment(path, number, segmentBytes), number }, segmentBytes);

  const missing = way.lastNumber + 1;
  if (missing <= consistentNumber) {
    problems.push(missingBeforeConsistency(range, nameAt(missing), nameAt(consistentNumber), inventory));
    return { plan: null, systemIdentifier, problems, warnings };
  }
  const found = await chooseCopies(storage, way.segments, signal);
  if (missing <= way.wantedNumber) {
    const behind = whatIsBehind(
      range,
      way,
      { segmentBytes, missing: nameAt(missing), last: found.at(-1) },
      wanted.target,
    );
    problems.push(...behind.problems);
    warnings.push(...behind.warnings);
  }
  warnings.push(...abandoned(way, segmentBytes, wanted));
  problems.push(...(await unreadableSegments(storage, found, signal)));

  const histories = way.histories.map((file) => walObject(historyFileName(file.timeline), file.object));
  const plan: WalPlan = {
    source: 'archive',
    segmentBytes,
    timeline,
    path: shownPath(path, range.beginLsn),
    beginSegment: nameAt(way.firstNumber),
    consistentSegment: nameAt(consistentNumber),
    lastSegment: nameAt(way.lastNumber),
    objects: [...histories, ...found.map(({ name, object }) => walObject(name, object))],
  };
  return { plan, systemIdentifier, problems, warnings };
}

/** The archive does not go as far as recovery may want to: its end, or a hole. */
function whatIsBehind(
  range: BackupRange,
  { path, inventory, lastNumber }: WalWay,
  at: { readonly segmentBytes: number; readonly missing: string; readonly last: FoundSegment | undefined },
  target: RecoveryTarget,
): { problems: ErrorData[]; warnings: string[] } {
  const { segmentBytes, missing, last } = at;
  // The segment behind an LSN is wanted in case that a record reaches into it.
  const holdsTarget =
    target.kind === 'lsn' && lastNumber >= segmentNumberOf(parseLsn(target.lsn), segmentBytes);
  if (holdsTarget) return { problems: [], warnings: [] };
  const newer = newestBehind(path, lastNumber + 1, segmentBytes, inventory);
  if (newer !== null && range.standsAlone) {
    const warning = `The backup is kept without all of the WAL behind it: ${missing} is missing, and what came after it is not restored.`;
    if (target.kind !== 'lsn') return { problems: [], warnings: [warning] };
  } else if (newer !== null) {
    const gap = gapBehindConsistency(range, missing, newer, lastNumber + 1, segmentBytes, last);
    return { problems: [gap], warnings: [] };
  }
  const partial = inventory.get(missing)?.partial[0];
  const warnings =
    partial === undefined
      ? []
      : [
          `The newest WAL is in ${partial.key}, a partial segment that odo does not use; what it holds is not restored.`,
        ];
  if (target.kind !== 'lsn') return { problems: [], warnings };
  const upTo = formatLsn(segmentStart(lastNumber + 1, segmentBytes));
  return { problems: [behindTheEnd(range, target.lsn, last?.name ?? missing, upTo)], warnings };
}

/**
 * A point on the way may have two meanings where a timeline went on behind a fork; the way that is taken is the one of
 * the newest timeline.
 */
function abandoned(
  { path, inventory, timeline }: WalWay,
  segmentBytes: number,
  { target, timeline: asked }: WantedEnd,
): string[] {
  if (asked !== 'latest' || target.kind === 'end' || target.kind === 'immediate') return [];
  return path.flatMap((stretch) => {
    if (stretch.end === null) return [];
    const isAsked = target.kind !== 'lsn' || parseLsn(target.lsn) >= stretch.end;
    const fork = segmentNumberOf(stretch.end, segmentBytes);
    const wentOn = [...inventory].some(([name, { complete }]) => {
      const segment = parseSegmentName(name, segmentBytes);
      // A promotion leaves the segment of the fork partial: when it is whole, its server went on to its end.
      return segment?.timeline === stretch.timeline && segment.number >= fork && complete.length > 0;
    });
    return wentOn && isAsked
      ? [
          `Timeline ${stretch.timeline} has WAL behind ${formatLsn(stretch.end)}, where the way to timeline ${timeline} leaves it. To look for the target there: --target-timeline ${stretch.timeline}`,
        ]
      : [];
  });
}

const walObject = (name: string, { key, sizeBytes, etag }: StoredObject): WalObject => ({
  name,
  key,
  sizeBytes,
  etag,
});

/** Cluster and segment size are in the first 40 bytes of the first segment. */
async function examineFirstSegment(
  storage: ObjectStorage,
  range: BackupRange,
  name: string,
  folders: readonly WalFolder[],
  signal: AbortSignal,
): Promise<{ segmentBytes: number; systemIdentifier: string | null; problems: ErrorData[] }> {
  const nothing = { segmentBytes: range.segmentBytes, systemIdentifier: null, problems: [] };
  const log = Number.parseInt(name.slice(8, 16), 16);
  const folder = folders.find((candidate) => candidate.timeline === range.timeline && candidate.log === log);
  if (!folder) return nothing;
  const inventory = await listSegments(storage, [folder], name, signal);
  const [newest, ...older] = newestFirst(inventory.get(name)?.complete ?? []);
  if (newest === undefined) return nothing;
  const [first] = await chooseCopies(storage, [{ name, copies: [newest, ...older] }], signal);
  const object = first?.object ?? newest;
  const header = await readFirstHeader(storage, object, signal);
  if (header === null) return nothing;
  const problems: ErrorData[] = [];
  if (range.systemIdentifier !== null && header.systemIdentifier !== range.systemIdentifier) {
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `${object.key} is WAL of another cluster: its system identifier is ${header.systemIdentifier}, the backup’s is ${range.systemIdentifier}.`,
        'Two clusters archived into the same folder. Give the folder that holds the WAL of this backup’s cluster.',
        { key: object.key, found: header.systemIdentifier, expected: range.systemIdentifier },
      ),
    );
  }
  const segmentBytes = isSegmentSize(header.segmentBytes) ? header.segmentBytes : range.segmentBytes;
  return { segmentBytes, systemIdentifier: header.systemIdentifier, problems };
}

/** Null where there is none: what is wrong with the object is said when its kind is looked into. */
async function readFirstHeader(
  storage: ObjectStorage,
  object: StoredObject,
  signal: AbortSignal,
): Promise<LongPageHeader | null> {
  try {
    return await readWalHeader(storage, object, signal);
  } catch (error) {
    if (errorCode(error) !== 'ARCHIVE_CORRUPT') throw error;
    return null;
  }
}

/** Newest segment behind the first missing one that recovery along the path would have wanted. */
function newestBehind(
  path: readonly TimelineStretch[],
  missing: number,
  segmentBytes: number,
  inventory: ReadonlyMap<string, WalVariants>,
): { name: string; count: number } | null {
  let newest: string | null = null;
  let count = 0;
  for (const [name, variants] of inventory) {
    if (variants.complete.length === 0) continue;
    const perLog = 2 ** 32 / segmentBytes;
    const number = Number.parseInt(name.slice(8, 16), 16) * perLog + Number.parseInt(name.slice(16), 16);
    const timeline = Number.parseInt(name.slice(0, 8), 16);
    if (number <= missing || timelineOfSegment(path, number, segmentBytes) !== timeline) continue;
    count += 1;
    if (newest === null || name.slice(8) > newest.slice(8)) newest = name;
  }
  return newest === null ? null : { name: newest, count };
}
