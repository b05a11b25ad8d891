import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { walInArchive } from '../../../src/backup/backup-wal.ts';
import type { BaseBackup } from '../../../src/backup/base-backup.ts';
import { findWindows } from '../../../src/backup/recovery-windows.ts';
import { addSegment, type SegmentRange } from '../../../src/backup/segment-ranges.ts';
import type { WalCoverage } from '../../../src/backup/wal-coverage.ts';
import { formatLsn, parseLsn } from '../../../src/postgres/lsn.ts';
import { segmentName, segmentStart } from '../../../src/postgres/wal-segment.ts';
import { healthyBackup } from '../../support/facts.ts';

const segmentBytes = 16 * 2 ** 20;
const nameOf = (number: number, timeline = 1): string => segmentName({ timeline, number }, segmentBytes);
const timeOf = (number: number): string => new Date(number * 60_000).toISOString();
const between = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** A backup that needs the segments from `first` to `last`. */
const needing = (first: number, last: number, change: Partial<BaseBackup> = {}): BaseBackup => ({
  ...healthyBackup,
  id: `b${first}-${last}`,
  beginLsn: formatLsn(segmentStart(first, segmentBytes) + 40n),
  endLsn: formatLsn(segmentStart(last, segmentBytes) + 0x120n),
  finishedAt: timeOf(last),
  ...change,
});

/** `histories`: of which timeline, forked off timeline 1 where. */
function archive(
  segments: Readonly<Record<number, readonly number[]>>,
  histories: Readonly<Record<number, string>> = {},
): WalCoverage {
  const timelines = new Map<number, SegmentRange[]>();
  for (const [timeline, numbers] of Object.entries(segments)) {
    const ranges: SegmentRange[] = [];
    for (const number of numbers) addSegment(ranges, number, timeOf(number));
    timelines.set(Number(timeline), ranges);
  }
  return {
    walFolder: 'wals/',
    segmentBytes,
    timelines,
    histories: Object.entries(histories).map(([timeline, switchLsn]) => ({
      timeline: Number(timeline),
      object: { key: 'x', sizeBytes: 1, etag: '', modifiedAt: timeOf(0), storageClass: null },
      entries: [{ timeline: 1, switchLsn: parseLsn(switchLsn), reason: '' }],
    })),
    warnings: [],
  };
}

describe('windows of an archive', () => {
  it('go from the end of the oldest backup to the last segment of the unbroken range', () => {
    const { windows, gaps } = findWindows([needing(6, 6), needing(4, 5)], archive({ 1: between(2, 9) }));
    expect(gaps).toEqual([]);
    expect(windows).toEqual([
      {
        server: 'main',
        timeline: 1,
        kind: 'range',
        from: { backup: 'b4-5', lsn: '0/5000120', finishedAt: timeOf(5) },
        to: { timeline: 1, lsn: '0/A000000', segment: nameOf(9), archivedAt: timeOf(9) },
        backups: ['b4-5', 'b6-6'],
      },
    ]);
  });

  it('are two where a segment is missing, and the gap says what is usable on either side', () => {
    const backups = [needing(2, 3), needing(6, 7), needing(9, 9)];
    const { windows, gaps } = findWindows(backups, archive({ 1: [...between(0, 4), ...between(8, 12)] }));
    expect(windows.map(({ from, to, backups: ids }) => [from.backup, to?.segment, ids])).toEqual([
      ['b2-3', nameOf(4), ['b2-3']],
      ['b9-9', nameOf(12), ['b9-9']],
    ]);
    expect(gaps).toEqual([
      {
        server: 'main',
        timeline: 1,
        firstMissing: nameOf(5),
        lastMissing: nameOf(7),
        segments: 3,
        beginLsn: '0/5000000',
        endLsn: '0/8000000',
        usableBefore: ['b2-3'],
        usableAfter: ['b9-9'],
      },
    ]);
  });

  it('take no notice of a gap before every backup: there retention has stopped', () => {
    const { gaps } = findWindows([needing(5, 5)], archive({ 1: [0, 1, ...between(4, 6)] }));
    expect(gaps).toEqual([]);
  });

  it('show that the first segments a backup needs are gone', () => {
    const { windows, gaps } = findWindows([needing(2, 4)], archive({ 1: between(4, 6) }));
    expect(windows).toEqual([]);
    expect(gaps).toMatchObject([
      { firstMissing: nameOf(2), lastMissing: nameOf(3), usableBefore: [], usableAfter: [] },
    ]);
  });

  it('follow a promotion: the segment of the fork comes from the new timeline', () => {
    const coverage = archive({ 1: between(0, 4), 2: between(5, 8) }, { 2: '0/5800000' });
    const { windows, gaps } = findWindows([needing(2, 3), needing(6, 6, { timeline: 2 })], coverage);
    expect(gaps).toEqual([]);
    expect(windows).toMatchObject([
      {
        timeline: 2,
        from: { backup: 'b2-3' },
        to: { segment: nameOf(8, 2) },
        backups: ['b2-3', 'b6-6'],
      },
    ]);
  });

  it('are one where the old timeline has nothing but its copy of the segment of the fork', () => {
    const coverage = archive({ 1: between(0, 5), 2: between(5, 8) }, { 2: '0/5800000' });
    const { windows } = findWindows([needing(2, 3)], coverage);
    expect(windows).toMatchObject([{ timeline: 2, to: { segment: nameOf(8, 2) } }]);
  });

  it('are two where a server went on after its standby was promoted', () => {
    const coverage = archive({ 1: between(0, 9), 2: between(5, 8) }, { 2: '0/5800000' });
    const late = needing(7, 7, { id: 'on-1' });
    const { windows } = findWindows([needing(2, 3), late], coverage);
    expect(windows.map(({ timeline, to, backups }) => [timeline, to?.segment, backups])).toEqual([
      [1, nameOf(9), ['b2-3', 'on-1']],
      [2, nameOf(8, 2), ['b2-3']],
    ]);
  });

  it('know no way to a timeline without its history file', () => {
    const { windows } = findWindows([needing(2, 3)], archive({ 1: between(0, 4), 2: between(5, 8) }));
    expect(windows).toMatchObject([{ timeline: 1, to: { segment: nameOf(4) } }]);
  });

  it('tell a gap before a fork once, however many timelines come after it', () => {
    const coverage = archive(
      { 1: [...between(0, 2), ...between(4, 9)], 2: between(6, 8), 3: between(7, 12) },
      { 2: '0/6000100', 3: '0/7000100' },
    );
    const { windows, gaps } = findWindows([needing(1, 1), needing(4, 4)], coverage);
    expect(gaps.map(({ firstMissing }) => firstMissing)).toEqual([nameOf(3)]);
    expect(windows.map(({ to }) => to?.segment)).toEqual([nameOf(2), nameOf(9), nameOf(8, 2), nameOf(12, 3)]);
  });

  it('agree with a walk over every segment (property)', () => {
    const number = fc.integer({ min: 0, max: 30 });
    const backup = fc.tuple(number, fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(fc.uniqueArray(number), fc.uniqueArray(backup, { selector: String }), (numbers, made) => {
        const present = new Set(numbers);
        const coverage = archive(numbers.length === 0 ? {} : { 1: numbers });
        const backups = made.map(([first, more]) => needing(first, first + more));
        const { windows, gaps } = findWindows(backups, coverage);

        const usable = made.filter(([first, more]) =>
          between(first, first + more).every((n) => present.has(n)),
        );
        const reachOf = ([first]: readonly [number, number]): number => {
          let last = first;
          while (present.has(last + 1)) last += 1;
          return last;
        };
        const ids = windows.flatMap((window) => window.backups);
        expect(ids.toSorted()).toEqual(usable.map(([first, more]) => `b${first}-${first + more}`).toSorted());
        for (const one of usable) {
          const id = `b${one[0]}-${one[0] + one[1]}`;
          const window = windows.find((candidate) => candidate.backups.includes(id));
          expect(window?.to?.segment).toBe(nameOf(reachOf(one)));
          expect(parseLsn(window?.from.lsn ?? '')).toBeLessThanOrEqual(
            segmentStart(one[0] + one[1], segmentBytes) + 0x120n,
          );
        }

        const first = Math.min(...made.map(([from]) => from));
        const newest = Math.max(-1, ...numbers);
        const lost = between(0, newest).filter((n) => n >= first && !present.has(n));
        const told = gaps.flatMap((gap) => {
          const [from, to] = [gap.firstMissing, gap.lastMissing].map((name) =>
            Number.parseInt(name.slice(16), 16),
          );
          expect(gap.segments).toBe((to ?? 0) - (from ?? 0) + 1);
          const beside = usable.map(([begin, more]) => [begin, begin + more] as const);
          const idsOf = (some: typeof beside) => some.map(([begin, end]) => `b${begin}-${end}`).toSorted();
          expect(gap.usableBefore.toSorted()).toEqual(idsOf(beside.filter(([, end]) => end < (from ?? 0))));
          expect(gap.usableAfter.toSorted()).toEqual(idsOf(beside.filter(([begin]) => begin > (to ?? 0))));
          return between(from ?? 0, to ?? -1);
        });
        expect(told).toEqual(lost);

        for (const [index, one] of made.entries()) {
          const wal = walInArchive(backups[index] as BaseBackup, coverage);
          const missing = between(one[0], one[0] + one[1]).find((n) => !present.has(n));
          expect(wal.missing).toBe(missing === undefined ? null : nameOf(missing));
          expect(wal.state).toBe(missing === undefined ? 'complete' : 'missing');
          if (missing !== undefined) continue;
          const last = reachOf(one);
          expect(wal.reaches?.segment).toBe(nameOf(last));
          expect(wal.gap).toBe(last < newest ? nameOf(last + 1) : null);
        }
      }),
    );
  });
});
