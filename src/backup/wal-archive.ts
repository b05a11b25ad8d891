import { errorCode } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import { parseLsn } from '../postgres/lsn.ts';
import { type TimelineStretch, timelineOfSegment } from '../postgres/timeline-history.ts';
import type { LongPageHeader } from '../postgres/wal-page.ts';
import {
  historyFileName,
  isSegmentSize,
  lastSegmentNumber,
  segmentName,
  segmentNumberOf,
} from '../postgres/wal-segment.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import type { WalObject, WalPlan } from './base-backup.ts';
import { chooseTimeline } from './choose-timeline.ts';
import { problem } from './problem.ts';
import { chooseCopies, newestFirst, type SegmentCopies, unreadableSegments } from './wal-copies.ts';
import { readWalHeader } from './wal-header.ts';
import {
  listSegments,
  listWalFolders,
  readHistoryFiles,
  type WalFolder,
  type WalVariants,
} from './wal-inventory.ts';
import { gapBehindConsistency, missingBeforeConsistency } from './wal-problems.ts';
import type { BackupRange } from './wal-range.ts';

export interface ArchiveWal {
  /** Null when the backup cannot be made consistent from the archive. */
  readonly plan: WalPlan | null;
  readonly systemIdentifier: string | null;
  readonly problems: readonly ErrorData[];
  readonly warnings: readonly string[];
}

/**
 * What an archive offers to a backup: every segment from its beginning to the end of the unbroken range on the newest
 * timeline that descends from it. The server itself takes a hole behind the consistency point for the end of WAL and
 * promotes without a word; here a hole is a problem.
 */
export async function planArchiveWal(
  storage: ObjectStorage,
  range: BackupRange,
  signal: AbortSignal,
): Promise<ArchiveWal> {
  const problems: ErrorData[] = [];
  const warnings: string[] = [];
  const begin = parseLsn(range.beginLsn);
  const end = parseLsn(range.endLsn);
  const recordedBegin = segmentName(
    { timeline: range.timeline, number: segmentNumberOf(begin, range.segmentBytes) },
    range.segmentBytes,
  );
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

  const known = new Set([range.timeline, range.endTimeline, ...folders.map((folder) => folder.timeline)]);
  // One more than the highest: a promotion whose first segment is not archived yet.
  known.add(Math.max(...known) + 1);
  const history = await readHistoryFiles(
    storage,
    range.walFolder,
    [...known].sort((a, b) => a - b),
    signal,
  );
  warnings.push(...history.warnings);

  const choice = chooseTimeline(range, begin, end, history.files, folders);
  warnings.push(...choice.warnings);
  const { path, timeline } = choice;

  const beginNumber = segmentNumberOf(begin, segmentBytes);
  const beginName = segmentName({ timeline: range.timeline, number: beginNumber }, segmentBytes);
  const logOf = (number: number) => Math.floor(number / (2 ** 32 / segmentBytes));
  const wanted = folders.filter(
    (folder) =>
      folder.log >= logOf(beginNumber) && path.some((stretch) => stretch.timeline === folder.timeline),
  );
  const inventory = await listSegments(storage, wanted, beginName, signal);

  const walk = walkPath(path, beginNumber, segmentBytes, inventory);
  const consistentNumber = lastSegmentNumber(begin, end, segmentBytes);
  const nameAt = (number: number) =>
    segmentName({ timeline: timelineOfSegment(path, number, segmentBytes), number }, segmentBytes);

  const missing = walk.lastNumber + 1;
  if (missing <= consistentNumber) {
    problems.push(missingBeforeConsistency(range, nameAt(missing), nameAt(consistentNumber), inventory));
    return { plan: null, systemIdentifier, problems, warnings };
  }
  const found = await chooseCopies(storage, walk.segments, signal);
  const newer = newestBehind(path, missing, segmentBytes, inventory);
  if (newer !== null && range.standsAlone) {
    warnings.push(
      `The backup is kept without all of the WAL behind it: ${nameAt(missing)} is missing, and what came after it is not restored.`,
    );
  } else if (newer !== null) {
    problems.push(gapBehindConsistency(range, nameAt(missing), newer, missing, segmentBytes, found.at(-1)));
  } else {
    const partial = inventory.get(nameAt(missing))?.partial[0];
    if (partial) {
      warnings.push(
        `The newest WAL is in ${partial.key}, a partial segment that odo does not use; what it holds is not restored.`,
      );
    }
  }
  warnings.push(...walk.warnings);
  problems.push(...(await unreadableSegments(storage, found, signal)));

  const histories = history.files
    .filter((file) => path.some((stretch) => stretch.timeline === file.timeline))
    .map((file) => walObject(historyFileName(file.timeline), file.object));
  const plan: WalPlan = {
    source: 'archive',
    segmentBytes,
    timeline,
    beginSegment: nameAt(beginNumber),
    consistentSegment: nameAt(consistentNumber),
    lastSegment: nameAt(walk.lastNumber),
    objects: [...histories, ...found.map(({ name, object }) => walObject(name, object))],
  };
  return { plan, systemIdentifier, problems, warnings };
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

/** From the first segment on until one is missing. */
function walkPath(
  path: readonly TimelineStretch[],
  beginNumber: number,
  segmentBytes: number,
  inventory: ReadonlyMap<string, WalVariants>,
): { lastNumber: number; segments: SegmentCopies[]; warnings: string[] } {
  const segments: SegmentCopies[] = [];
  const doubled: string[] = [];
  let number = beginNumber;
  for (; ; number += 1) {
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
