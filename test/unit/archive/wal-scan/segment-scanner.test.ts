import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverTime, WalBuilder, type WrittenRecord } from '../../../support/wal-builder.ts';
import { scanSegment } from './scan-segment.ts';

const MiB = 2 ** 20;

const first = (wal: WalBuilder) => {
  const [segment] = wal.segments;
  if (segment === undefined) throw new Error('Nothing was written.');
  return segment;
};
const lsnsOf = (records: readonly WrittenRecord[]) => records.map(({ lsn }) => lsn);

describe('the reader of WAL records', () => {
  it('finds every record up to the zeros behind the last one', async () => {
    const wal = new WalBuilder();
    const written = Array.from({ length: 500 }, (_, i) => wal.filler(24 + ((i * 37) % 900)));
    const scan = await scanSegment(wal, first(wal));
    expect(scan.lsns).toEqual(lsnsOf(written));
    expect(scan).toMatchObject({
      records: 500,
      first: { lsn: written[0]?.lsn, previous: 0n },
      lastLsn: written.at(-1)?.lsn,
      endLsn: written.at(-1)?.endLsn,
      stop: { reason: 'no-record', lsn: wal.lsn, pageBehind: null },
      unfinished: null,
      continued: null,
      timelines: [{ lsn: 3n * BigInt(MiB), timeline: 1 }],
      systemIdentifier: String(wal.systemIdentifier),
    });
  });

  it('reads records of any length and in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 24, max: 40_000 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 300_000 }),
        async (lengths, pieceBytes) => {
          const wal = new WalBuilder();
          const written: WrittenRecord[] = [];
          for (const length of lengths)
            if (wal.lsn < 4n * BigInt(MiB) - 50_000n) written.push(wal.filler(length));
          const scan = await scanSegment(wal, first(wal), { pieceBytes: Math.max(pieceBytes, 500) });
          expect(scan.lsns).toEqual(lsnsOf(written));
          expect(scan.endLsn).toBe(written.at(-1)?.endLsn);
          expect(scan.stop?.pageBehind).toBeNull();
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([8, 16, 24, 32, 40])('reads a record of which %i bytes fit on its page', async (room) => {
    const wal = new WalBuilder();
    wal.fillPage(room);
    const crossing = wal.filler(3000);
    const next = wal.filler(100);
    const scan = await scanSegment(wal, first(wal));
    expect(scan.lsns.slice(1)).toEqual([crossing.lsn, next.lsn]);
    expect(Number(crossing.lsn) % 8192).toBe(8192 - room);
  });

  it('reads a record that ends exactly where its page does', async () => {
    const wal = new WalBuilder();
    wal.fillPage(0);
    expect(wal.lsn % 8192n).toBe(24n);
    const next = wal.filler(64);
    const scan = await scanSegment(wal, first(wal));
    expect(scan.lsns).toEqual([3n * BigInt(MiB) + 40n, next.lsn]);
  });

  it('reads the last page of a segment, and says that all of it was read', async () => {
    const wal = new WalBuilder();
    wal.fillSegment(0);
    const scan = await scanSegment(wal, first(wal));
    expect(scan).toMatchObject({
      stop: null,
      unfinished: null,
      endLsn: 4n * BigInt(MiB),
      pagesEnd: 4n * BigInt(MiB),
    });
  });

  it('ends a segment at its switch record, whatever is behind it', async () => {
    const wal = new WalBuilder();
    wal.filler(1000);
    const { lsn } = wal.switch();
    const segment = first(wal);
    segment.bytes.fill(0xab, 50_000);
    const scan = await scanSegment(wal, segment);
    expect(scan).toMatchObject({ lastLsn: lsn, records: 2, stop: { reason: 'switched' } });
    expect(scan.lsns).toHaveLength(2);
  });

  it.each([1, 64])('reads segments of %i MiB', async (size) => {
    const wal = new WalBuilder({ segmentBytes: size * MiB, first: 7 });
    while (wal.lsn < BigInt(7.5 * size * MiB)) wal.filler(6_000);
    const last = wal.commit(900, '2026-03-01T10:00:00Z');
    const scan = await scanSegment(wal, first(wal));
    expect(scan.lastLsn).toBe(last.lsn);
  });

  it('takes what goes over from the segment before and into the one behind for what it is', async () => {
    const wal = new WalBuilder();
    wal.fillSegment(40);
    const crossing = wal.filler(300);
    const next = wal.filler(80);
    const [before, behind] = wal.segments;
    if (before === undefined || behind === undefined) throw new Error('One segment only.');
    const one = await scanSegment(wal, before);
    expect(one.unfinished).toMatchObject({ lsn: crossing.lsn, remainingBytes: 260 });
    expect(one.unfinished?.header).toHaveLength(24);
    const other = await scanSegment(wal, behind);
    expect(other.continued).toMatchObject({ remainingBytes: 260, bytes: 260 });
    expect(other.continued?.kept).toEqual(new Uint8Array(260).fill(0x5c));
    expect(other.first).toEqual({ lsn: next.lsn, previous: crossing.lsn });
  });

  it('begins at a record within the segment, whatever is in front of it', async () => {
    const wal = new WalBuilder();
    for (let i = 0; i < 50; i += 1) wal.filler(1000);
    const begin = wal.filler(500);
    const next = wal.filler(500);
    const segment = first(wal);
    segment.bytes.fill(0xee, 8192, Number(begin.lsn % BigInt(MiB)) - 8192);
    const scan = await scanSegment(wal, segment, { fromLsn: begin.lsn });
    expect(scan.lsns).toEqual([begin.lsn, next.lsn]);
  });

  it('goes on behind a record that a crash has cut off', async () => {
    const wal = new WalBuilder();
    const whole = wal.filler(100);
    wal.fillPage(100);
    const before = wal.segments[0]?.bytes.length;
    expect(before).toBe(MiB);
    const filler = await scanSegment(wal, first(wal));
    const cut = wal.filler(5000);
    wal.overwriteFrom(cut.endLsn, filler.lastLsn ?? whole.lsn);
    const after = wal.record({ manager: 0, info: 0xd0 });
    const scan = await scanSegment(wal, first(wal));
    expect(scan.lsns.slice(-1)).toEqual([after.lsn]);
    expect(scan.lsns).not.toContain(cut.lsn);
    expect(scan.stop).toMatchObject({ reason: 'no-record', lsn: wal.lsn });
  });
});

describe('ends of transactions', () => {
  it('tells the first and the last commit, and how many there were', async () => {
    const wal = new WalBuilder();
    const one = wal.commit(700, '2026-03-01T10:00:00.123Z');
    wal.abort(701, '2026-03-01T10:00:01Z');
    wal.record({ manager: 1, info: 0x10, xid: 702 });
    wal.commit(703, '2026-03-01T10:00:02Z', { origin: 5, topXid: 703 });
    const last = wal.commitPrepared(702, '2026-03-01T10:00:03Z', 40);
    wal.abort(704, '2026-03-01T10:00:04Z');
    expect(await scanSegment(wal, first(wal))).toMatchObject({
      commits: 3,
      aborts: 2,
      firstCommit: { lsn: one.lsn, time: serverTime('2026-03-01T10:00:00.123Z'), xid: 700 },
      lastCommit: { lsn: last.lsn, time: serverTime('2026-03-01T10:00:03Z'), xid: 702 },
      newestTime: serverTime('2026-03-01T10:00:04Z'),
    });
  });

  it('reads a commit that goes over pages', async () => {
    const wal = new WalBuilder();
    wal.fillPage(32);
    const long = wal.commitPrepared(702, '2026-03-01T10:00:03Z', 9000);
    expect((await scanSegment(wal, first(wal))).lastCommit).toEqual({
      lsn: long.lsn,
      time: serverTime('2026-03-01T10:00:03Z'),
      xid: 702,
    });
  });

  it('tells restore points by name', async () => {
    const wal = new WalBuilder();
    const commit = wal.commit(700, '2026-03-01T10:00:00Z');
    const point = wal.restorePoint('before the migration', '2026-03-01T10:00:05Z');
    wal.fillPage(48);
    wal.restorePoint('über', '2026-03-01T10:00:06Z');
    const { restorePoints } = await scanSegment(wal, first(wal));
    expect(restorePoints).toHaveLength(2);
    expect(restorePoints[0]).toEqual({
      name: 'before the migration',
      ...point,
      time: serverTime('2026-03-01T10:00:05Z'),
      lastCommit: { lsn: commit.lsn, time: serverTime('2026-03-01T10:00:00Z'), xid: 700 },
    });
    expect(restorePoints[1]).toMatchObject({ name: 'über' });
  });
});

describe('a target', () => {
  const wal = new WalBuilder();
  const commits = Array.from({ length: 10 }, (_, i) => wal.commit(700 + i, `2026-03-01T10:00:0${i}Z`));
  const prepared = wal.commitPrepared(650, '2026-03-01T10:00:20Z');

  it.each([
    { inclusive: true, met: 6 },
    { inclusive: false, met: 5 },
  ])('of time is met by the first transaction that ended later ($inclusive)', async ({ inclusive, met }) => {
    const target = { kind: 'time', value: serverTime('2026-03-01T10:00:05Z'), inclusive } as const;
    const scan = await scanSegment(wal, first(wal), { target });
    const lsn = commits[met]?.lsn;
    expect(scan.target).toEqual({ lsn, endLsn: lsn, isReplayed: false });
    expect(scan.lastCommit?.xid).toBe(700 + met - 1);
  });

  it.each([
    { inclusive: true, last: 705 },
    { inclusive: false, last: 704 },
  ])('of a position is met by the first record there or behind ($inclusive)', async ({ inclusive, last }) => {
    const lsn = commits[5]?.lsn ?? 0n;
    const target = { kind: 'lsn', value: lsn - 3n, inclusive } as const;
    const scan = await scanSegment(wal, first(wal), { target });
    expect(scan.target).toEqual({
      lsn,
      endLsn: inclusive ? commits[5]?.endLsn : lsn,
      isReplayed: inclusive,
    });
    expect(scan.lastCommit?.xid).toBe(last);
  });

  it('of a transaction is met by its own end, when it was prepared too', async () => {
    const target = { kind: 'xid', value: 650n, inclusive: true } as const;
    const scan = await scanSegment(wal, first(wal), { target });
    expect(scan.target).toEqual({ ...prepared, isReplayed: true });
    const none = await scanSegment(wal, first(wal), { target: { ...target, value: 651n } });
    expect(none.target).toBeNull();
  });
});

describe('damage', () => {
  /** A segment of 1 MiB with a record of 200 bytes after another, up to its end. */
  function full(): { wal: WalBuilder; records: WrittenRecord[]; bytes: Buffer } {
    const wal = new WalBuilder();
    const records: WrittenRecord[] = [];
    while (wal.lsn < 4n * BigInt(MiB) - 400n) records.push(wal.filler(200));
    wal.fillSegment(0);
    return { wal, records, bytes: first(wal).bytes };
  }
  const at = (record: WrittenRecord | undefined) => Number((record?.lsn ?? 0n) % BigInt(MiB));

  it('of a single bit is found at the record', async () => {
    const { wal, records, bytes } = full();
    bytes[at(records[1000]) + 60]! ^= 0x10;
    const scan = await scanSegment(wal, { number: 3, bytes });
    expect(scan.stop).toMatchObject({ reason: 'bad-checksum', lsn: records[1000]?.lsn });
    expect(scan.lastLsn).toBe(records[999]?.lsn);
    expect(scan.stop?.pageBehind).toBe(((records[1000]?.lsn ?? 0n) / 8192n + 1n) * 8192n);
  });

  it.each([
    { what: 'length', offset: 0, value: 20, reason: 'bad-length' },
    { what: 'link back', offset: 8, value: 0, reason: 'bad-previous' },
    { what: 'resource manager', offset: 17, value: 77, reason: 'bad-manager' },
    { what: 'checksum', offset: 20, value: 1, reason: 'bad-checksum' },
  ])('of the $what is found', async ({ offset, value, reason }) => {
    const { wal, records, bytes } = full();
    bytes[at(records[100]) + offset] = value;
    const scan = await scanSegment(wal, { number: 3, bytes });
    expect(scan.stop).toMatchObject({ reason, lsn: records[100]?.lsn });
  });

  it('of zeros in the middle is told from the end of the WAL by the pages behind it', async () => {
    const { wal, bytes } = full();
    bytes.fill(0, 40 * 8192, 60 * 8192);
    const scan = await scanSegment(wal, { number: 3, bytes });
    expect(scan.stop).toMatchObject({
      reason: 'bad-magic',
      lsn: 3n * BigInt(MiB) + 40n * 8192n,
      found: 0n,
      pageBehind: 3n * BigInt(MiB) + 60n * 8192n,
    });
  });

  it.each([
    { what: 'another major', offset: 0, bytes: [0x18, 0xd1], reason: 'bad-magic' },
    { what: 'unknown flags', offset: 2, bytes: [0x40], reason: 'bad-flags' },
    { what: 'a cluster of another kind', offset: 24, bytes: [1, 2, 3], reason: 'other-system' },
    { what: 'another segment size', offset: 34, bytes: [0x40], reason: 'other-segment-size' },
    { what: 'another page size', offset: 37, bytes: [0x40], reason: 'other-page-size' },
    { what: 'another place', offset: 12, bytes: [9], reason: 'other-address' },
  ])('that makes the first page one of $what is found', async ({ offset, bytes: value, reason }) => {
    const { wal, bytes } = full();
    bytes.set(value, offset);
    const scan = await scanSegment(wal, { number: 3, bytes });
    expect(scan.stop).toMatchObject({ reason, lsn: 3n * BigInt(MiB) });
    expect(scan.records).toBe(0);
  });

  it.each([
    { what: 'an older timeline', offset: 4, value: 1, reason: 'older-timeline' },
    { what: 'no record at hand', offset: 2, value: 0, reason: 'no-continuation' },
    { what: 'another rest', offset: 16, value: 250, reason: 'other-continuation' },
    { what: 'a place in the past', offset: 10, value: 0, reason: 'other-address' },
  ])('of a page of $what is found', async ({ offset, value, reason }) => {
    const wal = new WalBuilder({ timeline: 2 });
    wal.fillPage(40);
    wal.filler(200);
    const { bytes } = first(wal);
    bytes[8192 + offset] = value;
    const scan = await scanSegment(wal, { number: 3, bytes });
    expect(scan.stop).toMatchObject({ reason, lsn: 3n * BigInt(MiB) + 8192n });
  });

  it('of a page that goes on with nothing is found', async () => {
    const wal = new WalBuilder();
    wal.fillPage(0);
    wal.filler(200);
    const { bytes } = first(wal);
    bytes[8192 + 2] = 1;
    bytes[8192 + 16] = 64;
    const scan = await scanSegment(wal, { number: 3, bytes });
    expect(scan.stop).toMatchObject({ reason: 'other-continuation' });
  });

  it('is not what was there before: the rest of a recycled segment', async () => {
    const wal = new WalBuilder();
    const older = new WalBuilder({ first: 2 });
    older.fillSegment(0);
    while (wal.lsn % BigInt(MiB) < 300_000n) wal.filler(500);
    wal.fillPage(0);
    const bytes = Buffer.from(first(older).bytes);
    first(wal).bytes.copy(bytes, 0, 0, Number((wal.lsn - 24n) % BigInt(MiB)));
    const scan = await scanSegment(wal, { number: 3, bytes });
    expect(scan.stop).toMatchObject({ reason: 'other-address', lsn: wal.lsn - 24n, pageBehind: null });
  });
});
