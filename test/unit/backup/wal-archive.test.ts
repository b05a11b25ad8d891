import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveWal, planArchiveWal } from '../../../src/backup/wal-archive.ts';
import { isGapBehindConsistency } from '../../../src/backup/wal-problems.ts';
import type { BackupRange } from '../../../src/backup/wal-range.ts';
import { endOfWal, type WantedEnd } from '../../../src/backup/wanted-end.ts';
import {
  type BackupStore,
  clusterId,
  openBackupStore,
  putHistory,
  putSegments,
  segmentNames,
} from '../../support/backup-store.ts';
import { lz4Frame } from '../archive/lz4-samples.ts';
import { snappyStream } from '../archive/snappy-samples.ts';

const signal = new AbortController().signal;
const wals = 'pg/wals/';
let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
});
afterEach(() => store[Symbol.asyncDispose]());

/** Begins in segment 4, ends in segment 5. */
const plan = (change: Partial<BackupRange> = {}, wanted: Partial<WantedEnd> = {}): Promise<ArchiveWal> =>
  planArchiveWal(
    store.storage,
    {
      backupId: 'b',
      walFolder: wals,
      walLayout: 'folders',
      timeline: 1,
      endTimeline: 1,
      beginLsn: '0/4000028',
      endLsn: '0/5000120',
      segmentBytes: 16 * 2 ** 20,
      systemIdentifier: clusterId,
      ...change,
    },
    signal,
    { ...endOfWal, ...wanted },
  );
const put = (timeline: number, from: number, count: number) =>
  putSegments(store, wals, segmentNames(timeline, from, count));
const names = (wal: ArchiveWal) => wal.plan?.objects.map((object) => object.name);

describe('the WAL that an archive offers to a backup', () => {
  it('goes from its beginning to the last segment, older ones left out', async () => {
    await put(1, 1, 8);
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(wal.plan).toMatchObject({
      source: 'archive',
      timeline: 1,
      beginSegment: '000000010000000000000004',
      consistentSegment: '000000010000000000000005',
      lastSegment: '000000010000000000000008',
    });
    expect(names(wal)).toEqual(segmentNames(1, 4, 5));
    expect(wal.plan?.objects[0]).toMatchObject({
      key: 'pg/wals/0000000100000000/000000010000000000000004.gz',
      etag: expect.stringMatching(/./),
    });
  });

  it('does not need the segment that begins exactly at the backup’s end', async () => {
    await put(1, 4, 1);
    const wal = await plan({ endLsn: '0/5000000' });
    expect(wal.problems).toEqual([]);
    expect(wal.plan?.consistentSegment).toBe('000000010000000000000004');
  });

  it('goes on in the next log', async () => {
    await put(1, 0xfe, 2);
    await putSegments(store, wals, ['000000010000000100000000', '000000010000000100000001']);
    const wal = await plan({ beginLsn: '0/FE000028', endLsn: '0/FE000100' });
    expect(names(wal)).toHaveLength(4);
    expect(wal.plan?.lastSegment).toBe('000000010000000100000001');
  });

  it('takes the segment size from the first segment rather than from what was recorded', async () => {
    const segmentBytes = 64 * 2 ** 20;
    await putSegments(store, wals, ['000000010000000000000001', '000000010000000000000002'], {
      segmentBytes,
    });
    const wal = await plan({ beginLsn: '0/4000028', endLsn: '0/4000120', segmentBytes });
    expect(wal.plan).toMatchObject({ segmentBytes, lastSegment: '000000010000000000000002' });
  });

  it('tells whose it is when the backup did not record it', async () => {
    await put(1, 4, 2);
    expect((await plan({ systemIdentifier: null })).systemIdentifier).toBe(clusterId);
  });
});

describe('WAL that is missing', () => {
  it('altogether', async () => {
    const wal = await plan();
    expect(wal.plan).toBeNull();
    expect(wal.problems).toMatchObject([{ code: 'WAL_MISSING', message: expect.stringContaining(wals) }]);
  });

  it.each([
    ['at the beginning', [5, 3], '000000010000000000000004'],
    ['at the end of the backup', [4, 1], '000000010000000000000005'],
  ] as const)('%s forbids the restore and is named', async (_, [from, count], missing) => {
    await put(1, from, count);
    const wal = await plan();
    expect(wal.plan).toBeNull();
    expect(wal.problems).toMatchObject([
      {
        code: 'WAL_MISSING',
        message: expect.stringContaining(missing),
        details: { missing, neededUpTo: '000000010000000000000005' },
      },
    ]);
    expect(wal.problems[0]?.hint).toContain('pg_switch_wal');
  });

  it('behind the consistency point is no end: newer segments would be lost without a word', async () => {
    await put(1, 4, 3);
    await put(1, 9, 2);
    const wal = await plan();
    expect(wal.problems).toMatchObject([
      {
        code: 'WAL_MISSING',
        message: expect.stringContaining('000000010000000000000007'),
        details: {
          missing: '000000010000000000000007',
          recoverableUpTo: '0/7000000',
          newest: '00000001000000000000000A',
          newerSegments: 2,
        },
      },
    ]);
    expect(wal.plan?.lastSegment).toBe('000000010000000000000006');
  });

  it('counts a segment that is empty', async () => {
    await put(1, 4, 1);
    await store.put(`${wals}0000000100000000/000000010000000000000005.gz`, '');
    expect((await plan()).problems).toMatchObject([
      { code: 'WAL_MISSING', message: expect.stringContaining('is empty') },
    ]);
  });

  it('counts a segment of which only a partial copy is there', async () => {
    await put(1, 4, 1);
    await store.put(`${wals}0000000100000000/000000010000000000000005.partial.gz`, 'x');
    expect((await plan()).problems).toMatchObject([
      { code: 'WAL_MISSING', hint: expect.stringContaining('.partial') },
    ]);
  });
});

describe('an archive that is not tidy', () => {
  it('is read past what is no WAL', async () => {
    await put(1, 4, 2);
    await store.put(`${wals}0000000100000000/.DS_Store`, 'x');
    await store.put(`${wals}0000000100000000/000000010000000000000004.00000028.backup.gz`, 'x');
    await store.put(`${wals}notes/readme.txt`, 'x');
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(names(wal)).toEqual(segmentNames(1, 4, 2));
  });

  it('mentions a partial segment at its end and does not use it', async () => {
    await put(1, 4, 2);
    await store.put(`${wals}0000000100000000/000000010000000000000006.partial.gz`, 'x');
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(wal.warnings).toEqual([expect.stringContaining('000000010000000000000006.partial.gz')]);
    expect(names(wal)).toEqual(segmentNames(1, 4, 2));
  });

  it('with one segment under several endings gives the newest that can be read', async () => {
    const [first, second] = segmentNames(1, 4, 2);
    await putSegments(store, wals, [first!, second!]);
    await putSegments(store, wals, [second!], { suffix: '', modifiedAt: '2030-01-01T00:00:00Z' });
    await store.put(
      `${wals}${first!.slice(0, 16)}/${first}.zst`,
      'newer, but unreadable',
      '2031-01-01T00:00:00Z',
    );
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(wal.plan?.objects.map((object) => object.key.split('/').at(-1))).toEqual([`${first}.gz`, second]);
    expect(wal.warnings).toEqual([expect.stringContaining('more than once')]);
  });

  it.each([
    ['cut in its first block', Buffer.from('28b52ffd00000000', 'hex'), 'ARCHIVE_CORRUPT'],
    ['something else', Buffer.from('<Error><Code>AccessDenied</Code></Error>'), 'FORMAT_UNKNOWN'],
  ])('with a segment that is %s says which and refuses', async (_, content, code) => {
    await put(1, 4, 1);
    const key = `${wals}0000000100000000/000000010000000000000005.zst`;
    await store.put(key, content);
    expect((await plan()).problems).toMatchObject([{ code, message: expect.stringContaining(key) }]);
  });

  it('is read in every compression, mixed, and under names that lie', async () => {
    const packs = [gzipSync, zstdCompressSync, lz4Frame, snappyStream, (page: Uint8Array) => page];
    const suffixes = ['.lz4', '.gz', '.zst', '', '.snappy'];
    for (const [i, name] of segmentNames(1, 4, 5).entries())
      await putSegments(store, wals, [name], { suffix: suffixes[i]!, pack: packs[i]! });
    const wal = await plan({ systemIdentifier: null });
    expect(wal).toMatchObject({ problems: [], warnings: [], systemIdentifier: clusterId });
    expect(names(wal)).toEqual(segmentNames(1, 4, 5));
  });

  it('with several copies of a segment is taken from the newest that can be read, whatever their names', async () => {
    const [first, second] = segmentNames(1, 4, 2);
    await putSegments(store, wals, [first!, second!], { modifiedAt: '2029-01-01T00:00:00Z' });
    await putSegments(store, wals, [first!], {
      suffix: '.zst',
      pack: zstdCompressSync,
      modifiedAt: '2030-01-01T00:00:00Z',
    });
    const folder = `${wals}0000000100000000/`;
    await store.put(`${folder}${first}`, 'newer, but no WAL', '2031-01-01T00:00:00Z');
    await store.put(`${folder}${second}.lz4`, lz4Frame(Buffer.alloc(9)), '2031-01-01T00:00:00Z');
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(wal.plan?.objects.map(({ key }) => key.slice(folder.length))).toEqual([
      `${first}.zst`,
      `${second}.gz`,
    ]);
  });

  it('is believed by content: a .zst that is not compressed is fine', async () => {
    await put(1, 4, 1);
    await putSegments(store, wals, segmentNames(1, 5, 1), { suffix: '.zst' });
    expect((await plan()).problems).toEqual([]);
  });

  it('of another cluster is refused with both system identifiers', async () => {
    await putSegments(store, wals, segmentNames(1, 4, 2), { systemIdentifier: '42' });
    expect((await plan()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', details: { found: '42', expected: clusterId } },
    ]);
  });
});

describe('an archive with several timelines', () => {
  const fork = '1\t0/70000A0\tno recovery target specified\n';

  it('is followed to the newest one that descends from the backup', async () => {
    await put(1, 4, 4);
    await put(2, 7, 3);
    await putHistory(store, wals, 2, fork);
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(wal.plan).toMatchObject({ timeline: 2, lastSegment: '000000020000000000000009' });
    expect(names(wal)).toEqual(['00000002.history', ...segmentNames(1, 4, 3), ...segmentNames(2, 7, 3)]);
  });

  it('does not count what the abandoned timeline wrote behind the fork as newer WAL', async () => {
    await put(1, 4, 9);
    await put(2, 7, 1);
    await putHistory(store, wals, 2, fork);
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(wal.plan?.lastSegment).toBe('000000020000000000000007');
  });

  it('with a hole where the timeline branched refuses, since the server would replay past the fork', async () => {
    await put(1, 4, 6);
    await put(2, 8, 2);
    await putHistory(store, wals, 2, fork);
    expect((await plan()).problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: '000000020000000000000007', recoverableUpTo: '0/7000000' } },
    ]);
  });

  it('leaves out a timeline that branched before the backup ended', async () => {
    await put(1, 4, 3);
    await put(2, 5, 2);
    await putHistory(store, wals, 2, '1\t0/50000A0\tbefore an accident\n');
    const wal = await plan();
    expect(wal.plan).toMatchObject({ timeline: 1, lastSegment: '000000010000000000000006' });
    expect(wal.warnings).toEqual([expect.stringContaining('Timeline 2 does not descend')]);
  });

  it('stays on the old timeline and says so when the new one has no WAL yet', async () => {
    await put(1, 4, 3);
    await putHistory(store, wals, 2, fork);
    const wal = await plan();
    expect(wal.plan?.timeline).toBe(1);
    expect(wal.warnings).toEqual([expect.stringContaining('none of its WAL is archived')]);
  });

  it('finds a timeline behind a hole in the numbers, which the server itself would not', async () => {
    await put(1, 4, 4);
    await put(5, 7, 2);
    await putHistory(store, wals, 5, fork);
    expect((await plan()).plan).toMatchObject({ timeline: 5, lastSegment: '000000050000000000000008' });
  });

  it('starts on the backup’s own timeline and brings its history along', async () => {
    await put(1, 1, 7);
    await put(2, 7, 3);
    await putHistory(store, wals, 2, fork);
    const wal = await plan({ timeline: 2, endTimeline: 2, beginLsn: '0/8000028', endLsn: '0/8000120' });
    expect(wal.problems).toEqual([]);
    expect(names(wal)).toEqual(['00000002.history', ...segmentNames(2, 8, 2)]);
  });

  it.each([
    ['is not there', null],
    ['is damaged', '<html>'],
  ])(
    'of which a newer one’s history %s is refused with its name: what it holds would be lost',
    async (_, text) => {
      await put(1, 4, 4);
      await put(2, 7, 2);
      if (text !== null) await store.put(`${wals}00000002.history`, text);
      const wal = await plan();
      expect(wal.problems).toMatchObject([
        {
          code: 'WAL_MISSING',
          message: expect.stringContaining('00000002.history'),
          hint: expect.stringContaining('--target-timeline 1'),
          details: { missing: '00000002.history', timeline: 2 },
        },
      ]);
      const asked = await plan({}, { timeline: 1 });
      expect(asked.problems).toEqual([]);
      expect(asked.plan).toMatchObject({ timeline: 1, lastSegment: '000000010000000000000007' });
    },
  );

  it('needs no history but the newest one’s, which names all its ancestors', async () => {
    await put(1, 4, 4);
    await put(2, 7, 2);
    await put(3, 8, 2);
    await putHistory(store, wals, 3, `${fork}2\t0/80000A0\tx\n`);
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(wal.plan).toMatchObject({
      timeline: 3,
      path: [
        { timeline: 1, untilLsn: '0/70000A0' },
        { timeline: 2, untilLsn: '0/80000A0' },
        { timeline: 3, untilLsn: null },
      ],
    });
    expect(names(wal)).toEqual([
      '00000003.history',
      ...segmentNames(1, 4, 3),
      ...segmentNames(2, 7, 1),
      ...segmentNames(3, 8, 2),
    ]);
  });

  it('is followed without what lies before the backup in the path that is shown', async () => {
    await put(2, 8, 2);
    await putHistory(store, wals, 2, fork);
    const wal = await plan({ timeline: 2, endTimeline: 2, beginLsn: '0/8000028', endLsn: '0/8000120' });
    expect(wal.plan?.path).toEqual([{ timeline: 2, untilLsn: null }]);
  });

  it('stays on the old timeline when the first segment of the new one is not whole yet', async () => {
    await put(1, 4, 4);
    await putHistory(store, wals, 2, fork);
    await store.put(`${wals}0000000200000000/000000020000000000000007.partial`, 'x');
    const wal = await plan();
    expect(wal.problems).toEqual([]);
    expect(wal.plan).toMatchObject({ timeline: 1, lastSegment: '000000010000000000000007' });
    expect(wal.warnings).toEqual([
      expect.stringContaining('The first segment of timeline 2, 000000020000000000000007, is not archived'),
    ]);
    expect((await plan({}, { timeline: 2 })).problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: '000000020000000000000007', timeline: 2 } },
    ]);
  });
});

describe('the latest of several branches', () => {
  const early = '1\t0/70000A0\tbefore 2026-11-20 10:00:00+00\n';
  const late = '1\t0/90000A0\tno recovery target specified\n';
  /** 1 goes on to segment 9; 2 branches off there, and 3, which was made last, before that. */
  beforeEach(async () => {
    await put(1, 4, 6);
    await put(2, 9, 2);
    await put(3, 7, 2);
    await putHistory(store, wals, 2, late);
    await putHistory(store, wals, 3, early);
  });
  const lineage = (timeline: number, lsn: string) => ({ lineage: { backupId: 'newest', timeline, lsn } });

  it('is that on which the newest backup lies, and the others are told', async () => {
    const wal = await plan({}, lineage(1, '0/8000100'));
    expect(wal.problems).toEqual([]);
    expect(wal.plan).toMatchObject({ timeline: 2, lastSegment: '00000002000000000000000A' });
    expect(wal.warnings).toEqual([
      expect.stringMatching(
        /^Timeline 3 branched off before the newest backup, newest, ended.*--target-timeline 3$/,
      ),
    ]);
    expect((await plan({}, lineage(3, '0/7000100'))).plan?.timeline).toBe(3);
  });

  it('is the backup’s own when the newest backup lies there behind every fork', async () => {
    expect((await plan({}, lineage(1, '0/9000100'))).plan).toMatchObject({
      timeline: 1,
      lastSegment: '000000010000000000000009',
    });
  });

  it('is the newest where no backup tells, or one that no branch leads to', async () => {
    expect((await plan()).plan?.timeline).toBe(3);
    expect((await plan({}, lineage(7, '0/9000100'))).plan?.timeline).toBe(3);
  });

  it('is only a default', async () => {
    const wal = await plan({}, { timeline: 3, ...lineage(1, '0/8000100') });
    expect(wal).toMatchObject({ problems: [], warnings: [], plan: { timeline: 3 } });
  });
});

describe('a timeline that is wanted', () => {
  const fork = '1\t0/70000A0\tno recovery target specified\n';

  it('as the current one is the backup’s own, whatever branched off', async () => {
    await put(1, 4, 6);
    await put(2, 7, 2);
    await putHistory(store, wals, 2, fork);
    const wal = await plan({}, { timeline: 'current' });
    expect(wal).toMatchObject({ problems: [], warnings: [] });
    expect(wal.plan).toMatchObject({ timeline: 1, lastSegment: '000000010000000000000009' });
    // The number of the branch is taken all the same.
    expect(names(wal)).toEqual(['00000002.history', ...segmentNames(1, 4, 6)]);
  });

  it('by its number is followed although there are newer ones', async () => {
    await put(1, 4, 4);
    await put(2, 7, 2);
    await put(3, 8, 2);
    await putHistory(store, wals, 2, fork);
    await putHistory(store, wals, 3, `${fork}2\t0/80000A0\tx\n`);
    const wal = await plan({}, { timeline: 2 });
    expect(wal.problems).toEqual([]);
    expect(names(wal)).toEqual([
      '00000002.history',
      '00000003.history',
      ...segmentNames(1, 4, 3),
      ...segmentNames(2, 7, 2),
    ]);
  });

  it('that branched off before the backup ended is refused with the place of the fork', async () => {
    await put(1, 4, 3);
    await put(2, 5, 2);
    await putHistory(store, wals, 2, '1\t0/50000A0\tbefore an accident\n');
    expect((await plan({}, { timeline: 2 })).problems).toMatchObject([
      { code: 'TARGET_UNREACHABLE', message: expect.stringContaining('0/50000A0') },
    ]);
  });

  it('that is not there is refused, with those that are', async () => {
    await put(1, 4, 4);
    await put(2, 7, 2);
    await putHistory(store, wals, 2, fork);
    expect((await plan({}, { timeline: 9 })).problems).toMatchObject([
      {
        code: 'TARGET_UNREACHABLE',
        message: expect.stringContaining('00000009.history'),
        hint: 'There are histories of timeline 2.',
      },
    ]);
    await put(9, 8, 1);
    expect((await plan({}, { timeline: 9 })).problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: '00000009.history' } },
    ]);
  });
});

describe('a target', () => {
  const lsn = (text: string): Partial<WantedEnd> => ({ target: { kind: 'lsn', lsn: text, inclusive: true } });

  it('that is a position needs its segment and the one behind it, into which a record may reach', async () => {
    await put(1, 4, 9);
    const wal = await plan({}, lsn('0/7000200'));
    expect(wal.problems).toEqual([]);
    expect(names(wal)).toEqual(segmentNames(1, 4, 5));
  });

  it('that is a position does not mind a hole behind it, or the end of the archive', async () => {
    await put(1, 4, 4);
    expect((await plan({}, lsn('0/7000200'))).problems).toEqual([]);
    await put(1, 9, 2);
    const wal = await plan({}, lsn('0/7000200'));
    expect(wal.problems).toEqual([]);
    expect(wal.plan?.lastSegment).toBe('000000010000000000000007');
  });

  it('that is a position behind a hole is refused with the hole', async () => {
    await put(1, 4, 3);
    await put(1, 9, 2);
    const [problem] = (await plan({}, lsn('0/9000200'))).problems;
    expect(problem).toMatchObject({ code: 'WAL_MISSING', details: { missing: '000000010000000000000007' } });
    expect(problem && isGapBehindConsistency(problem)).toBe(true);
  });

  it('that is a position behind the end of the archive is refused with how far it goes', async () => {
    await put(1, 4, 3);
    expect((await plan({}, lsn('0/7000000'))).problems).toMatchObject([
      { code: 'TARGET_UNREACHABLE', details: { reachableUpTo: '0/7000000' } },
    ]);
    expect((await plan({}, lsn('0/6FFFFFF'))).problems).toEqual([]);
  });

  it('that is a position in the backup’s own WAL needs all that makes it consistent', async () => {
    await put(1, 4, 4);
    const wal = await plan({ endLsn: '0/7000120' }, lsn('0/4000200'));
    expect(wal.plan?.lastSegment).toBe('000000010000000000000007');
  });

  it('that is the end of the backup needs nothing behind it, whole or not', async () => {
    await put(1, 4, 2);
    await put(1, 8, 2);
    const wal = await plan({}, { target: { kind: 'immediate' } });
    expect(wal.problems).toEqual([]);
    expect(names(wal)).toEqual(segmentNames(1, 4, 2));
  });

  it('that only the WAL itself can tell needs all of it', async () => {
    await put(1, 4, 9);
    const wal = await plan(
      {},
      { target: { kind: 'time', time: '2026-11-27T19:57:00.000Z', inclusive: true } },
    );
    expect(names(wal)).toEqual(segmentNames(1, 4, 9));
  });

  it('on the way to a newer timeline may also be meant on one that went on behind the fork', async () => {
    await put(1, 4, 6);
    await put(2, 7, 2);
    await putHistory(store, wals, 2, '1\t0/70000A0\tx\n');
    const warning = expect.stringMatching(/^Timeline 1 has WAL behind 0\/70000A0.*--target-timeline 1$/);
    expect((await plan({}, { target: { kind: 'xid', xid: '747', inclusive: true } })).warnings).toEqual([
      warning,
    ]);
    expect((await plan({}, lsn('0/8000100'))).warnings).toEqual([warning]);
    expect((await plan({}, lsn('0/6000100'))).warnings).toEqual([]);
    expect((await plan()).warnings).toEqual([]);
    // Its last segment is whole, not partial.
    for (const name of segmentNames(1, 8, 2)) await store.remove(`${wals}0000000100000000/${name}.gz`);
    expect((await plan({}, lsn('0/8000100'))).warnings).toEqual([warning]);
    await store.remove(`${wals}0000000100000000/000000010000000000000007.gz`);
    expect((await plan({}, lsn('0/8000100'))).warnings).toEqual([]);
  });
});
