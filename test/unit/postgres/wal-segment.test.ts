import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLsn } from '../../../src/postgres/lsn.ts';
import { parseWalFileName } from '../../../src/postgres/wal-file-name.ts';
import {
  historyFileName,
  isSegmentSize,
  isWalSegmentName,
  nextSegmentName,
  parseSegmentName,
  segmentName,
  segmentNumberOf,
  segmentStart,
  segmentsOf,
} from '../../../src/postgres/wal-segment.ts';

const mib = 2 ** 20;
const sizes = fc.integer({ min: 0, max: 10 }).map((power) => mib * 2 ** power);

describe('a WAL segment’s name', () => {
  it.each([
    [3, '2/5A000028', 16 * mib, '00000003000000020000005A'],
    [1, '1A/74000028', 64 * mib, '000000010000001A0000001D'],
    [1, '0/C0000028', 1024 * mib, '000000010000000000000003'],
    [1, '0/D00000', mib, '00000001000000000000000D'],
  ])('on timeline %d at %s with segments of %d bytes', (timeline, lsn, size, name) => {
    expect(segmentName({ timeline, number: segmentNumberOf(parseLsn(lsn), size) }, size)).toBe(name);
  });

  it.each([
    [mib, '00000001000000000000FFFF', null],
    [mib, '000000010000000000000FFF', '000000010000000100000000'],
    [16 * mib, '0000000100000000000000FF', '000000010000000100000000'],
    [16 * mib, '00000002000000010000000F', '000000020000000100000010'],
    [64 * mib, '00000001000000000000003F', '000000010000000100000000'],
    [1024 * mib, '000000010000000000000003', '000000010000000100000000'],
  ])('with segments of %d bytes, %s is followed by %s', (size, name, next) => {
    expect(nextSegmentName(name, size)).toBe(next);
  });

  it('survives printing and reading for every segment size', () => {
    const timelines = fc.integer({ min: 1, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(sizes, timelines, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (size, timeline, lsn) => {
        const number = segmentNumberOf(lsn, size);
        const name = segmentName({ timeline, number }, size);
        expect(isWalSegmentName(name)).toBe(true);
        expect(parseSegmentName(name, size)).toEqual({ timeline, number });
        expect(segmentStart(number, size)).toBeLessThanOrEqual(lsn);
        expect(segmentStart(number + 1, size)).toBeGreaterThan(lsn);
      }),
    );
  });

  it.each([
    '00000001000000000000001',
    '00000001000000000000001g',
    '0000000a0000000000000001',
    '00000002.history',
  ])('is not %s', (name) => {
    expect(isWalSegmentName(name)).toBe(false);
    expect(parseSegmentName(name, 16 * mib)).toBeNull();
  });

  it('needs a segment size that PostgreSQL knows', () => {
    expect([0, mib / 2, 3 * mib, 2048 * mib, Number.NaN].filter(isSegmentSize)).toEqual([]);
    expect(() => segmentNumberOf(1n, 1000)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
  });
});

describe('the segments of a range of WAL', () => {
  const range = (begin: string, end: string) => segmentsOf(1, parseLsn(begin), parseLsn(end), 16 * mib);

  it('do not include the one that begins exactly where the range ends', () => {
    expect(range('0/2000028', '0/3000000')).toEqual(['000000010000000000000002']);
    expect(range('0/2000028', '0/3000001')).toEqual(['000000010000000000000002', '000000010000000000000003']);
  });

  it('include at least the one with the beginning', () => {
    expect(range('0/2000028', '0/2000028')).toEqual(['000000010000000000000002']);
  });

  it('go on across a log', () => {
    expect(range('0/FE000028', '1/1000028')).toEqual([
      '0000000100000000000000FE',
      '0000000100000000000000FF',
      '000000010000000100000000',
      '000000010000000100000001',
    ]);
  });
});

describe('a file of a WAL archive', () => {
  it.each([
    ['00000003000000020000005A', 'segment', '00000003000000020000005A', ''],
    ['00000003000000020000005A.gz', 'segment', '00000003000000020000005A', '.gz'],
    ['00000003000000020000005A.partial.zst', 'partial', '00000003000000020000005A', '.zst'],
    ['00000003000000020000005A.00000028.backup', 'backup-label', '00000003000000020000005A', ''],
  ])('%s is a %s', (file, kind, segment, suffix) => {
    expect(parseWalFileName(file)).toMatchObject({ kind, segment, suffix, timeline: 3 });
  });

  it('can be a timeline history', () => {
    expect(parseWalFileName(`${historyFileName(10)}.bz2`)).toEqual({
      kind: 'history',
      name: '0000000A.history',
      timeline: 10,
      segment: null,
      suffix: '.bz2',
    });
  });

  it.each([
    '.DS_Store',
    '',
    '00000003000000020000005A.tmp',
    '00000003000000020000005A.gz.gz',
    'RECOVERYXLOG',
  ])('%j is none', (file) => {
    expect(parseWalFileName(file)).toBeNull();
  });
});
