/**
 * Segments that follow each other without a hole. An archive of any size is few of these: one more than it has holes.
 */
export interface SegmentRange {
  /** Segment numbers, both included. */
  readonly from: number;
  readonly to: number;
  /** When the last one was archived: RFC 3339; null where that is not known. */
  readonly archivedAt: string | null;
}

/** Sorted, disjoint, and with a hole between each two. */
export type SegmentRanges = readonly SegmentRange[];

/**
 * Adds one segment. Listings come in order, so that it nearly always extends the last range; a store that sorts
 * otherwise costs a search. A segment that is there already (another compression) changes only its time.
 */
export function addSegment(ranges: SegmentRange[], number: number, archivedAt: string): void {
  const index = lastBeginningUpTo(ranges, number);
  const before = ranges[index];
  if (before !== undefined && number <= before.to) {
    const isNewerCopy = number === before.to && (before.archivedAt ?? '') < archivedAt;
    if (isNewerCopy) ranges[index] = { ...before, archivedAt };
    return;
  }
  const after = ranges[index + 1];
  const joinsBefore = before !== undefined && before.to === number - 1;
  const joinsAfter = after !== undefined && after.from === number + 1;
  const added: SegmentRange = {
    from: joinsBefore ? before.from : number,
    to: joinsAfter ? after.to : number,
    archivedAt: joinsAfter ? after.archivedAt : archivedAt,
  };
  ranges.splice(joinsBefore ? index : index + 1, (joinsBefore ? 1 : 0) + (joinsAfter ? 1 : 0), added);
}

/** Index of the last range that begins at or before `number`; -1 when there is none. */
function lastBeginningUpTo(ranges: SegmentRanges, number: number): number {
  let [low, high] = [0, ranges.length];
  if ((ranges.at(-1)?.from ?? Number.POSITIVE_INFINITY) <= number) return high - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.from ?? 0) <= number) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What of the ranges lies in [from, to]. When the last segment of a cut range was archived is not known. */
export function clipRanges(ranges: SegmentRanges, from: number, to: number): SegmentRange[] {
  return ranges
    .filter((range) => range.to >= from && range.from <= to)
    .map((range) => ({
      from: Math.max(range.from, from),
      to: Math.min(range.to, to),
      archivedAt: range.to <= to ? range.archivedAt : null,
    }));
}

/** Ranges in ascending order, with those that touch made one. */
export function joinRanges(ranges: SegmentRanges): SegmentRange[] {
  const joined: SegmentRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && last.to === range.from - 1)
      joined[joined.length - 1] = { ...range, from: last.from };
    else joined.push(range);
  }
  return joined;
}

/** The range that holds the segment. */
export function rangeWith(ranges: SegmentRanges, number: number): SegmentRange | null {
  const range = ranges[lastBeginningUpTo(ranges, number)];
  return range !== undefined && number <= range.to ? range : null;
}

/** The first segment of [from, to] that is in no range; null when all are there. */
export function firstMissing(ranges: SegmentRanges, from: number, to: number): number | null {
  const range = rangeWith(ranges, from);
  if (range === null) return from;
  return range.to >= to ? null : range.to + 1;
}
