import { errorCode } from '../errors/odo-error.ts';
import { type ErrorData, toErrorData } from '../errors/serialize.ts';
import { parseWalFileName } from '../postgres/wal-file-name.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import { mapLimited } from './map-limited.ts';
import { problem } from './problem.ts';
import { readWalHeader } from './wal-header.ts';
import type { FoundSegment } from './wal-problems.ts';

/** Objects looked into at the same time. */
const looksAtOnce = 8;

/** Copies of one segment: its compression was changed in between, or it was uploaded twice. */
export interface SegmentCopies {
  readonly name: string;
  /** The newest first; at least one. */
  readonly copies: readonly [StoredObject, ...StoredObject[]];
}

export function newestFirst(copies: readonly StoredObject[]): StoredObject[] {
  return copies.toSorted((a, b) => b.modifiedAt.localeCompare(a.modifiedAt));
}

/** The newest copy of each segment that begins as WAL does; where there is only one it is taken unseen. */
export async function chooseCopies(
  storage: ObjectStorage,
  segments: readonly SegmentCopies[],
  signal: AbortSignal,
): Promise<FoundSegment[]> {
  return mapLimited(segments, looksAtOnce, async ({ name, copies }) => {
    if (copies.length === 1) return { name, object: copies[0] };
    for (const object of copies)
      if ((await problemOf(storage, object, signal)) === null) return { name, object };
    return { name, object: copies[0] };
  });
}

/** Names do not tell how objects are compressed: one under each ending is looked into before the run begins. */
export async function unreadableSegments(
  storage: ObjectStorage,
  segments: readonly FoundSegment[],
  signal: AbortSignal,
): Promise<ErrorData[]> {
  const samples = new Map<string, StoredObject>();
  for (const { object } of segments) {
    const ending = parseWalFileName(object.key.split('/').at(-1) ?? '')?.suffix ?? '';
    if (!samples.has(ending)) samples.set(ending, object);
  }
  const found = await mapLimited([...samples.values()], looksAtOnce, (object) =>
    problemOf(storage, object, signal),
  );
  return found.filter((one) => one !== null);
}

/** What forbids to use an object as a segment, as far as its first page shows. */
async function problemOf(
  storage: ObjectStorage,
  object: StoredObject,
  signal: AbortSignal,
): Promise<ErrorData | null> {
  try {
    if ((await readWalHeader(storage, object, signal)) !== null) return null;
    return problem(
      'FORMAT_UNKNOWN',
      `${object.key} does not begin as a WAL segment does, compressed or not.`,
      'It may be encrypted, or something else was stored under its name. Restore it from another copy of the archive.',
      { key: object.key },
    );
  } catch (error) {
    signal.throwIfAborted();
    if (errorCode(error) !== 'ARCHIVE_CORRUPT') throw error;
    return toErrorData(error);
  }
}
