import type { EncodedDecoder } from './encoded-decoder.ts';
import type { TarState } from './tar-reader.ts';

/** Rises when a field changes meaning; an index of another version is not used. */
export const seekIndexVersion = 1;

/**
 * A position in an archive from which its rest can be restored without what comes before. Plain JSON. It says nothing
 * about a target, only about the object, so it serves every later restore of the same object.
 */
export interface SeekPoint {
  /** At the position, or up to a few KiB of output before it. */
  readonly decoder: EncodedDecoder;
  /** The position itself: between entries, or in a file at a multiple of `partBytes`. */
  readonly tar: TarState;
  /** CRC-32 of the gzip member's output up to the position; null when the object is not gzip. */
  readonly memberCrc: number | null;
  /** CRC-32C of the file that the position lies in, up to there; null when it lies in none or none was computed. */
  readonly fileHash: number | null;
}

/** The points of one object, in order. */
export interface SeekIndex {
  readonly formatVersion: number;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly points: readonly SeekPoint[];
}

/** Compressed bytes between two points: at most 256 points of an object, and not closer than a range read is worth. */
export function pointEveryBytes(sizeBytes: number): number {
  return Math.max(4 * 1024 * 1024, Math.ceil(sizeBytes / 256));
}

/** `found` when it is an index of this very object in the version this odo knows; null otherwise. */
export function usableIndex(
  found: unknown,
  object: { readonly etag: string; readonly sizeBytes: number },
): SeekIndex | null {
  if (typeof found !== 'object' || found === null) return null;
  const index = found as Partial<SeekIndex>;
  if (index.formatVersion !== seekIndexVersion) return null;
  if (object.etag === '' || index.etag !== object.etag || index.sizeBytes !== object.sizeBytes) return null;
  const isUsable =
    Array.isArray(index.points) && index.points.every((point) => isPoint(point, object.sizeBytes));
  return isUsable ? (index as SeekIndex) : null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown, most = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;

const isSum = (value: unknown): boolean => value === null || Number.isSafeInteger(value);

/** Somebody else may have written what lies beside a backup; what is in the decoder's state is its own affair. */
function isPoint(point: unknown, sizeBytes: number): boolean {
  if (!isObject(point) || !isObject(point.decoder) || !isObject(point.tar)) return false;
  const { tar } = point;
  return (
    isCount(point.decoder.compressedBytes, sizeBytes) &&
    isSum(point.memberCrc) &&
    isSum(point.fileHash) &&
    [tar.offset, tar.remaining, tar.padding, tar.zeroBlocks].every((count) => isCount(count)) &&
    typeof tar.mode === 'string' &&
    typeof tar.pending === 'string' &&
    isObject(tar.local) &&
    isObject(tar.global) &&
    (tar.entry === null || isEntry(tar.entry))
  );
}

const isEntry = (entry: unknown): boolean =>
  isObject(entry) &&
  typeof entry.path === 'string' &&
  entry.path !== '' &&
  !entry.path.split('/').includes('..') &&
  !entry.path.startsWith('/') &&
  ['file', 'directory', 'link'].includes(String(entry.kind)) &&
  isCount(entry.sizeBytes);

/** Part of an archive between two points; null stands for the archive's begin or end. */
export interface Stretch {
  readonly start: SeekPoint | null;
  readonly end: SeekPoint | null;
}

/** Stretches of about equal compressed length, at most `count`. */
export function stretchesOf(points: readonly SeekPoint[], sizeBytes: number, count: number): Stretch[] {
  const lengthBytes = sizeBytes / count;
  const cuts: SeekPoint[] = [];
  let next = lengthBytes;
  for (const point of points) {
    const at = point.decoder.compressedBytes;
    if (at < next || sizeBytes - at < lengthBytes / 2) continue;
    cuts.push(point);
    next = at + lengthBytes;
  }
  return [null, ...cuts].map((start, i) => ({ start, end: cuts[i] ?? null }));
}
