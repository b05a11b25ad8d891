import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSegment,
  clipRanges,
  firstMissing,
  joinRanges,
  rangeWith,
  type SegmentRange,
} from '../../../src/backup/segment-ranges.ts';

const timeOf = (number: number): string => new Date(number * 1000).toISOString();

function rangesOf(numbers: readonly number[]): SegmentRange[] {
  const ranges: SegmentRange[] = [];
  for (const number of numbers) addSegment(ranges, number, timeOf(number));
  return ranges;
}

/** What it should be: found by walking. */
function model(numbers: readonly number[]): SegmentRange[] {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  return sorted.reduce<SegmentRange[]>((ranges, number) => {
    const last = ranges.at(-1);
    if (last?.to !== number - 1) return [...ranges, { from: number, to: number, archivedAt: timeOf(number) }];
    return [...ranges.slice(0, -1), { from: last.from, to: number, archivedAt: timeOf(number) }];
  }, []);
}

const numbers = fc.array(fc.integer({ min: 0, max: 40 }));

describe('ranges of segments', () => {
  it('hold what was added, in whatever order it came, with the time of each last one (property)', () => {
    fc.assert(
      fc.property(numbers, (added) => {
        expect(rangesOf(added)).toEqual(model(added));
      }),
    );
  });

  it('take the time of the newer copy of a segment', () => {
    const ranges = rangesOf([1, 2]);
    addSegment(ranges, 2, timeOf(1));
    expect(ranges).toEqual([{ from: 1, to: 2, archivedAt: timeOf(2) }]);
    addSegment(ranges, 2, timeOf(9));
    addSegment(ranges, 1, timeOf(10));
    expect(ranges).toEqual([{ from: 1, to: 2, archivedAt: timeOf(9) }]);
  });

  it('are cut, and know no time for a last segment that was cut off', () => {
    const ranges = rangesOf([1, 2, 3, 4, 8, 9, 12]);
    expect(clipRanges(ranges, 3, 8)).toEqual([
      { from: 3, to: 4, archivedAt: timeOf(4) },
      { from: 8, to: 8, archivedAt: null },
    ]);
    expect(clipRanges(ranges, 5, 7)).toEqual([]);
    expect(clipRanges(ranges, 10, Number.POSITIVE_INFINITY)).toEqual([
      { from: 12, to: 12, archivedAt: timeOf(12) },
    ]);
  });

  it('find what is missing (property)', () => {
    const bound = fc.integer({ min: 0, max: 42 });
    fc.assert(
      fc.property(numbers, bound, bound, (added, a, b) => {
        const ranges = rangesOf(added);
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const present = new Set(added);
        const all = Array.from({ length: to - from + 1 }, (_, index) => from + index);
        expect(firstMissing(ranges, from, to)).toBe(all.find((number) => !present.has(number)) ?? null);
        expect(rangeWith(ranges, a) !== null).toBe(present.has(a));
      }),
    );
  });

  it('that were cut at one place are one again when they are joined (property)', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 41 }), (added, at) => {
        const ranges = rangesOf(added);
        const parts = [...clipRanges(ranges, 0, at - 1), ...clipRanges(ranges, at, Number.POSITIVE_INFINITY)];
        expect(joinRanges(parts)).toEqual(ranges);
      }),
    );
  });
});
