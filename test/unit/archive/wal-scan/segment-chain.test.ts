import { describe, expect, it } from 'vitest';
import {
  type ChainBreak,
  type ChainTargetWanted,
  SegmentChain,
} from '../../../../src/archive/wal-scan/segment-chain.ts';
import type { TimelineStretch } from '../../../../src/postgres/timeline-history.ts';
import { serverTime, WalBuilder } from '../../../support/wal-builder.ts';
import { scanSegment } from './scan-segment.ts';

const MiB = 2n ** 20n;

/** Scans each segment on its own and puts them together, as far as they go. */
async function chain(
  wal: WalBuilder,
  options: {
    segments?: readonly { number: number; bytes: Buffer }[];
    path?: readonly TimelineStretch[];
    target?: ChainTargetWanted;
    fromLsn?: bigint;
  } = {},
): Promise<{ chain: SegmentChain; broken: ChainBreak | null }> {
  const { target } = options;
  const made = await SegmentChain.open({
    path: options.path ?? [{ timeline: wal.timeline, begin: 0n, end: null }],
    segmentBytes: wal.segmentBytes,
    serverMajor: wal.major,
    target: target ?? null,
  });
  let fromLsn = options.fromLsn;
  for (const segment of options.segments ?? wal.segments) {
    const scan = await scanSegment(wal, segment, {
      ...(target === undefined || target.kind === 'name' ? {} : { target }),
      ...(fromLsn === undefined ? {} : { fromLsn }),
    });
    fromLsn = undefined;
    const broken = made.add(BigInt(segment.number) * BigInt(wal.segmentBytes), scan);
    if (broken !== null || made.target !== null) return { chain: made, broken };
  }
  return { chain: made, broken: null };
}

/** Segments whose last record goes over into the next one, with so many bytes on this side. */
function overBorders(room: number, bytes = 400, count = 3): WalBuilder {
  const wal = new WalBuilder();
  for (let i = 0; i < count; i += 1) {
    wal.fillSegment(room);
    wal.filler(bytes);
  }
  wal.commit(900, '2026-03-01T10:00:00Z');
  return wal;
}

describe('a chain of segments', () => {
  it.each([8, 16, 24, 32, 200])(
    'takes a record of which %i bytes lie in front of the border',
    async (room) => {
      const wal = overBorders(room);
      const { chain: made, broken } = await chain(wal);
      expect(broken).toMatchObject({ reason: 'no-record', lsn: wal.lsn, looksLikeEnd: true });
      expect(made).toMatchObject({ endLsn: wal.lsn, commits: 1, firstLsn: 3n * MiB + 40n });
    },
  );

  it.each([8, 16, 24, 32, 200])(
    'finds a flipped bit behind the border in a record of which %i bytes lie in front of it',
    async (room) => {
      const wal = overBorders(room);
      const crossing = 4n * MiB - BigInt(room);
      wal.segment(4)[40 + 399 - room]! ^= 4;
      const { broken, chain: made } = await chain(wal);
      expect(broken).toMatchObject({ reason: 'bad-checksum', lsn: crossing, looksLikeEnd: false });
      expect(made.endLsn).toBe(crossing);
    },
  );

  it.each([24, 120])('finds a flipped bit in front of the border', async (room) => {
    const wal = overBorders(room);
    wal.segment(3)[2 ** 20 - 20]! ^= 4;
    const { broken } = await chain(wal);
    expect(broken).toMatchObject({ reason: 'bad-checksum', lsn: 4n * MiB - BigInt(room) });
  });

  it('takes a record that goes through a whole segment', async () => {
    const wal = new WalBuilder();
    wal.fillSegment(16);
    const long = wal.record({ content: Buffer.alloc(2_300_000, 0x31) });
    const last = wal.filler(100);
    expect(wal.segments).toHaveLength(4);
    const { chain: made, broken } = await chain(wal);
    expect(broken).toMatchObject({ reason: 'no-record', looksLikeEnd: true });
    expect(made.lastLsn).toBe(last.lsn);
    wal.segment(4)[500_000]! ^= 1;
    expect((await chain(wal)).broken).toMatchObject({ reason: 'bad-checksum', lsn: long.lsn });
  });

  it('reads the commit, the restore point and the target that lie on a border', async () => {
    const time = '2026-03-01T10:00:05Z';
    const write = (put: (wal: WalBuilder) => void) => {
      const wal = new WalBuilder();
      wal.commit(700, '2026-03-01T10:00:00Z');
      wal.fillSegment(32);
      put(wal);
      wal.commit(800, '2026-03-01T10:00:09Z');
      return wal;
    };
    const commit = write((wal) => wal.commitPrepared(701, time, 3000));
    const ends = await chain(commit);
    expect(ends.chain).toMatchObject({ commits: 3, lastCommit: { xid: 800 } });
    const byXid = await chain(commit, { target: { kind: 'xid', value: 701n, inclusive: true } });
    expect(byXid.chain).toMatchObject({
      target: { lsn: 4n * MiB - 32n },
      lastCommit: { xid: 701, time: serverTime(time) },
    });
    const byTime = await chain(commit, {
      target: { kind: 'time', value: serverTime(time), inclusive: false },
    });
    expect(byTime.chain).toMatchObject({
      target: { lsn: 4n * MiB - 32n, endLsn: 4n * MiB - 32n },
      lastCommit: { xid: 700 },
    });
    const point = write((wal) => wal.restorePoint('here', time));
    const byName = await chain(point, { target: { kind: 'name', name: 'here' } });
    expect(byName.chain).toMatchObject({ target: { lsn: 4n * MiB - 32n }, lastCommit: { xid: 700 } });
  });

  it('takes the first restore point of a name', async () => {
    const wal = new WalBuilder();
    wal.commit(700, '2026-03-01T10:00:00Z');
    wal.restorePoint('other', '2026-03-01T10:00:01Z');
    const point = wal.restorePoint('here', '2026-03-01T10:00:01Z');
    wal.commit(701, '2026-03-01T10:00:02Z');
    wal.restorePoint('here', '2026-03-01T10:00:03Z');
    const { chain: made } = await chain(wal, { target: { kind: 'name', name: 'here' } });
    expect(made).toMatchObject({ target: point, lastCommit: { xid: 700 }, lastLsn: point.lsn });
  });

  it('goes on behind a switch record', async () => {
    const wal = new WalBuilder();
    wal.filler(100);
    wal.switch();
    const last = wal.filler(100);
    const { chain: made, broken } = await chain(wal);
    expect(broken).toMatchObject({ reason: 'no-record', startLsn: 4n * MiB });
    expect(made.lastLsn).toBe(last.lsn);
  });

  it('passes over a record that a crash has cut off at a border', async () => {
    const wal = new WalBuilder();
    wal.fillSegment(100);
    const before = (await chain(wal)).chain.lastLsn ?? 0n;
    wal.filler(500);
    const kept = Buffer.from(wal.segment(3));
    wal.overwriteFrom(4n * MiB, before);
    const after = wal.record({ manager: 0, info: 0xd0 });
    const segments = [
      { number: 3, bytes: kept },
      { number: 4, bytes: wal.segment(4) },
    ];
    const { chain: made, broken } = await chain(wal, { segments });
    expect(broken).toMatchObject({ reason: 'no-record', looksLikeEnd: true });
    expect(made.lastLsn).toBe(after.lsn);
  });

  it('begins at a record, whatever is in front of it', async () => {
    const wal = overBorders(200);
    const begin = 3n * MiB + 40n;
    wal.segment(3)[41] = 7;
    expect((await chain(wal)).broken).toMatchObject({ lsn: begin });
    const second = begin + 7000n;
    expect((await chain(wal, { fromLsn: second })).chain).toMatchObject({
      firstLsn: second,
      endLsn: wal.lsn,
    });
  });
});

describe('a break', () => {
  it('is a segment that does not follow the one before', async () => {
    const wal = overBorders(0, 300, 4);
    const [one, , three] = wal.segments;
    if (one === undefined || three === undefined) throw new Error('Too few segments.');
    // As the archive of a server that was set back has it: right by itself, and not of this history.
    const moved = Buffer.from(three.bytes);
    const other = new WalBuilder({ first: 4 });
    other.fillSegment(0);
    const { broken } = await chain(wal, { segments: [one, { number: 4, bytes: other.segment(4) }] });
    expect(broken).toMatchObject({ reason: 'bad-previous', lsn: 4n * MiB + 40n, found: 0n });
    const renamed = await chain(wal, { segments: [one, { number: 4, bytes: moved }] });
    expect(renamed.broken).toMatchObject({ reason: 'other-address', lsn: 4n * MiB, looksLikeEnd: false });
  });

  it('is a record that does not go on in the next segment, or one that nobody began', async () => {
    const crossing = overBorders(100);
    const straight = overBorders(0);
    const [head] = crossing.segments;
    const [other, next] = straight.segments;
    if (!head || !other || !next) throw new Error('Too few segments.');
    expect((await chain(crossing, { segments: [head, next] })).broken).toMatchObject({
      reason: 'no-continuation',
      lsn: 4n * MiB,
    });
    const behind = { number: 4, bytes: crossing.segment(4) };
    expect((await chain(crossing, { segments: [other, behind] })).broken).toMatchObject({
      reason: 'other-continuation',
    });
    const longer = overBorders(100, 500);
    const another = { number: 4, bytes: longer.segment(4) };
    expect((await chain(crossing, { segments: [head, another] })).broken).toMatchObject({
      reason: 'other-continuation',
    });
  });

  it('is a segment of zeros, of another length, or of another cluster', async () => {
    const wal = overBorders(200);
    const segments = wal.segments;
    const replace = (bytes: Buffer) =>
      chain(wal, { segments: segments.map((s) => (s.number === 4 ? { ...s, bytes } : s)) });
    expect((await replace(Buffer.alloc(2 ** 20))).broken).toMatchObject({
      reason: 'bad-magic',
      found: 0n,
      lsn: 4n * MiB,
      looksLikeEnd: false,
    });
    expect((await replace(wal.segment(4).subarray(0, 700_000))).broken).toMatchObject({
      reason: 'wrong-size',
      found: 700_000n,
      startLsn: 4n * MiB,
    });
    const foreign = Buffer.from(wal.segment(4));
    foreign.writeBigUInt64LE(77n, 24);
    expect((await replace(foreign)).broken).toMatchObject({ reason: 'other-system', found: 77n });
  });

  it('is told from the end of the WAL by what is behind it', async () => {
    const wal = new WalBuilder();
    for (let i = 0; i < 30; i += 1) wal.filler(500);
    const end = wal.lsn;
    expect((await chain(wal)).broken).toMatchObject({ lsn: end, looksLikeEnd: true });
    const bytes = wal.segment(3);
    bytes[Number(end % MiB) + 100] = 1;
    expect((await chain(wal)).broken).toMatchObject({ lsn: end, looksLikeEnd: false });
    bytes[Number(end % MiB) + 100] = 0;
    bytes[Number(end % MiB) - 300]! ^= 1;
    expect((await chain(wal)).broken).toMatchObject({ reason: 'bad-checksum', looksLikeEnd: false });
  });
});

describe('timelines', () => {
  /** Timeline 1 up to a fork in the middle of a page; timeline 2 from there on, in a copy of that segment. */
  function forked() {
    const wal = new WalBuilder();
    for (let i = 0; i < 30; i += 1) wal.filler(500);
    const fork = wal.lsn;
    wal.timeline = 2;
    for (let i = 0; i < 3000; i += 1) wal.filler(500);
    return { wal, fork };
  }
  const path = (fork: bigint): TimelineStretch[] => [
    { timeline: 1, begin: 0n, end: fork },
    { timeline: 2, begin: fork, end: null },
  ];

  it('may change where the path forks, and the page of the fork is still the parent’s', async () => {
    const { wal, fork } = forked();
    const { broken, chain: made } = await chain(wal, { path: path(fork) });
    expect(broken).toMatchObject({ reason: 'no-record', looksLikeEnd: true });
    expect(made.endLsn).toBe(wal.lsn);
  });

  it('may not go on along the parent behind the fork', async () => {
    const { wal, fork } = forked();
    wal.timeline = 1;
    const parent = new WalBuilder();
    for (let i = 0; i < 3000; i += 1) parent.filler(500);
    const { broken } = await chain(parent, { path: path(fork) });
    expect(broken).toMatchObject({ reason: 'foreign-timeline', found: 1n });
  });

  it('may not change where nothing forks', async () => {
    const { wal, fork } = forked();
    expect((await chain(wal, { path: path(fork + 50_000n) })).broken).toMatchObject({
      reason: 'foreign-timeline',
      found: 2n,
    });
    expect((await chain(wal, { path: [{ timeline: 1, begin: 0n, end: null }] })).broken).toMatchObject({
      reason: 'foreign-timeline',
    });
  });
});
