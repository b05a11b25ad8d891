import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { BaseBackup, WalObject, WalPlan } from '../../../src/backup/base-backup.ts';
import { proveWal, type WalReach } from '../../../src/backup/prove-wal.ts';
import { formatLsn } from '../../../src/postgres/lsn.ts';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import { historyFileName } from '../../../src/postgres/wal-segment.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import { openBackupStore } from '../../support/backup-store.ts';
import { healthyBackup } from '../../support/facts.ts';
import { WalBuilder } from '../../support/wal-builder.ts';

const second = (n: number) => `2026-03-01T10:00:${String(n).padStart(2, '0')}Z`;
const end: RecoveryTarget = { kind: 'end' };

/**
 * Segments 3 to 8: the backup is made in 3, and every second a transaction commits, from 701 at 10:00:01 on; every
 * fourth record of them reaches into the next segment. A restore point stands behind 712.
 */
function sampleWal() {
  const wal = new WalBuilder({ systemIdentifier: 7_711_119_019_082_474_104n });
  const begin = wal.record({ manager: 0, info: 0xe0 });
  wal.filler(500);
  wal.record({ manager: 0, info: 0x50 });
  const backup: BaseBackup = {
    ...healthyBackup,
    beginLsn: formatLsn(begin.lsn),
    endLsn: formatLsn(wal.lsn),
    finishedAt: '2026-03-01T10:00:00Z',
    segmentBytes: wal.segmentBytes,
  };
  const commits = [];
  for (let i = 1; i <= 22; i += 1) {
    commits.push(wal.commit(700 + i, second(i)));
    if (i === 12) wal.restorePoint('upgrade', second(12));
    if (i % 4 === 0) wal.fillSegment(24);
  }
  const last = wal.filler(90);
  return { wal, backup, commits, last, segments: wal.segments };
}

type Sample = ReturnType<typeof sampleWal>;

/** Lays the segments down as an archive and lets odo read them. */
async function prove(
  sample: Sample,
  options: {
    target?: RecoveryTarget;
    check?: 'records' | 'ends';
    change?: (name: string, bytes: Buffer) => Uint8Array | null;
    history?: string;
    timeline?: number;
    threads?: number;
    signal?: AbortSignal;
    watch?: (storage: ObjectStorage) => ObjectStorage;
    onProgress?: (done: number, total: number) => void;
  } = {},
): Promise<WalReach> {
  await using store = await openBackupStore();
  const objects: WalObject[] = [];
  const put = async (name: string, bytes: Uint8Array) => {
    const key = `wals/${name}.gz`;
    await store.put(key, bytes);
    const stored = await store.storage.stat(key, new AbortController().signal);
    if (stored !== null) objects.push({ name, ...stored });
  };
  for (const { name, bytes } of sample.segments) {
    const changed = options.change?.(name, Buffer.from(bytes)) ?? gzipSync(bytes, { level: 1 });
    await put(name, changed);
  }
  if (options.history !== undefined)
    await put(historyFileName(options.timeline ?? 2), Buffer.from(options.history));
  const names = sample.segments.map(({ name }) => name);
  const wal: WalPlan = {
    source: 'archive',
    segmentBytes: sample.wal.segmentBytes,
    timeline: options.timeline ?? 1,
    beginSegment: names[0] ?? '',
    consistentSegment: names[0] ?? '',
    lastSegment: names.at(-1) ?? '',
    objects,
  };
  return await proveWal({
    storage: options.watch?.(store.storage) ?? store.storage,
    rangeBytes: 2 ** 20,
    backup: sample.backup,
    serverMajor: 17,
    wal,
    target: options.target ?? end,
    check: options.check ?? 'records',
    threads: options.threads ?? 1,
    signal: options.signal ?? new AbortController().signal,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
}

const only =
  (wanted: string, change: (bytes: Buffer) => Uint8Array) =>
  (name: string, bytes: Buffer): Uint8Array | null =>
    name.endsWith(wanted) ? change(bytes) : null;

const refusal = (reach: WalReach) => {
  if (reach.problem === null) throw new Error('It was not refused.');
  expect(reach.problem.code).toBe('TARGET_UNREACHABLE');
  return reach.problem;
};

describe('a restore to the end', () => {
  it('is told to stop at the last valid record', async () => {
    const sample = sampleWal();
    const { proof, stop, problem } = await prove(sample, { threads: 3 });
    expect(problem).toBeNull();
    const lsn = formatLsn(sample.last.lsn);
    expect(stop).toEqual({ kind: 'lsn', lsn, inclusive: true });
    expect(proof).toMatchObject({
      extent: 'records',
      fromLsn: sample.backup.beginLsn,
      toLsn: formatLsn(sample.last.endLsn),
      segments: 6,
      lastRecordLsn: lsn,
      lastCommit: { xid: '722', time: '2026-03-01T10:00:22.000Z' },
      stop: null,
    });
    expect(proof.times.map(([, time]) => time)).toEqual(
      [4, 8, 12, 16, 20, 22].map((n) => `2026-03-01T10:00:${String(n).padStart(2, '0')}.000Z`),
    );
  });

  const damages: readonly {
    what: string;
    says: RegExp;
    reason: string;
    change: (bytes: Buffer, sample: Sample) => Uint8Array;
  }[] = [
    {
      what: 'a segment of zeros',
      says: /holds nothing but zeros/,
      reason: 'bad-magic',
      change: () => gzipSync(Buffer.alloc(2 ** 20)),
    },
    {
      what: 'a flipped bit',
      says: /or wals\/000000010000000000000005.gz, has a damaged record at 0\/5FFFE8: its checksum is wrong/,
      reason: 'bad-checksum',
      change: (bytes) => {
        bytes[45]! ^= 2;
        return gzipSync(bytes);
      },
    },
    {
      what: 'a segment of another cluster',
      says: /belongs to another database cluster \(system identifier 99,/,
      reason: 'other-system',
      change: (bytes) => {
        bytes.writeBigUInt64LE(99n, 24);
        return gzipSync(bytes);
      },
    },
    {
      what: 'a segment of another major',
      says: /is WAL of PostgreSQL 16, not 17/,
      reason: 'bad-magic',
      change: (bytes) => {
        bytes.writeUInt16LE(0xd113, 0);
        return gzipSync(bytes);
      },
    },
    {
      what: 'a renamed segment',
      says: /the WAL of another position \(0\/800000\)/,
      reason: 'other-address',
      change: (_, { segments }) => gzipSync(segments.at(-1)?.bytes ?? Buffer.alloc(0)),
    },
    {
      what: 'a segment of another history',
      says: /does not follow what comes before it|goes on at|does not go on/,
      reason: 'no-continuation',
      change: () => {
        const other = new WalBuilder({ systemIdentifier: 7_711_119_019_082_474_104n, first: 6 });
        other.fillSegment(0);
        return gzipSync(other.segment(6));
      },
    },
    {
      what: 'a cut segment',
      says: /has 600000 bytes, but a segment has 1048576/,
      reason: 'wrong-size',
      change: (bytes) => gzipSync(bytes.subarray(0, 600_000)),
    },
    {
      what: 'a cut object',
      says: /cannot be read/,
      reason: 'unreadable',
      change: (bytes) => gzipSync(bytes).subarray(0, 1500),
    },
    { what: 'an empty object', says: /is empty/, reason: 'unreadable', change: () => Buffer.alloc(0) },
  ];

  it.each(damages)('is refused where there is $what, with what can be reached', async (damage) => {
    const sample = sampleWal();
    const reach = await prove(sample, { change: only('006', (bytes) => damage.change(bytes, sample)) });
    const { message, hint, details } = refusal(reach);
    expect(message).toMatch(damage.says);
    expect(message).toContain('wals/000000010000000000000006.gz');
    expect(details).toMatchObject({
      segment: '000000010000000000000006',
      key: 'wals/000000010000000000000006.gz',
      reason: damage.reason,
      reachableTime: '2026-03-01T10:00:12Z',
      reachableXid: '712',
    });
    expect(hint).toContain(`--target-lsn ${details?.reachableLsn}`);
    // What it offers is true.
    if (damage.reason !== 'other-system') return;
    const target: RecoveryTarget = { kind: 'lsn', lsn: String(details?.reachableLsn), inclusive: true };
    const offered = await prove(sample, {
      target,
      change: only('006', (bytes) => damage.change(bytes, sample)),
    });
    expect(offered.problem).toBeNull();
    expect(offered.proof.lastCommit?.xid).toBe('712');
  });

  it('is refused where the last segment is damaged in front of other records', async () => {
    const sample = sampleWal();
    const flip = only('008', (bytes) => {
      bytes[100]! ^= 1;
      return gzipSync(bytes);
    });
    expect(refusal(await prove(sample, { change: flip })).details).toMatchObject({ reason: 'bad-checksum' });
  });

  it('ends where the server had stopped writing: in front of a record that goes on nowhere', async () => {
    const sample = sampleWal();
    const reach = await prove({ ...sample, segments: sample.segments.slice(0, -1) });
    expect(reach.problem).toBeNull();
    expect(reach.proof.lastCommit?.xid).toBe('720');
    expect(BigInt(`0x${reach.proof.toLsn.split('/')[1]}`)).toBeLessThan(8n * 2n ** 20n);
  });

  it('is refused when the backup does not become consistent', async () => {
    const sample = sampleWal();
    const far = { ...sample, backup: { ...sample.backup, endLsn: '0/9000000' } };
    expect(refusal(await prove(far)).message).toMatch(/in front of the end of backup 20261120T020000/);
    const zeros = only('003', () => gzipSync(Buffer.alloc(2 ** 20)));
    const { message, hint } = refusal(await prove(sample, { change: zeros }));
    expect(message).toMatch(/cannot become consistent without it/);
    expect(hint).toMatch(/another backup/);
  });
});

describe('a target', () => {
  const time = (at: string, inclusive = true): RecoveryTarget => ({ kind: 'time', time: at, inclusive });

  it.each([
    { target: time(second(12)), last: '712' },
    { target: time('2026-03-01T10:00:12.5Z'), last: '712' },
    { target: time(second(12), false), last: '711' },
    { target: { kind: 'xid', xid: '715', inclusive: true } as const, last: '715' },
    { target: { kind: 'xid', xid: '715', inclusive: false } as const, last: '714' },
    { target: { kind: 'name', name: 'upgrade' } as const, last: '712' },
  ])('of $target is found, and what is the last that is replayed', async ({ target, last }) => {
    const { proof, stop, problem } = await prove(sampleWal(), { target });
    expect(problem).toBeNull();
    expect(stop).toEqual(target);
    expect(proof.lastCommit?.xid).toBe(last);
    expect(proof.stop).toMatchObject({ xid: last });
  });

  it('of a position is met by the record there, and nothing behind it matters', async () => {
    const sample = sampleWal();
    const lsn = formatLsn(sample.commits[8]?.lsn ?? 0n);
    const change = only('007', () => gzipSync(Buffer.alloc(2 ** 20)));
    const { proof, problem } = await prove(sample, { target: { kind: 'lsn', lsn, inclusive: true }, change });
    expect(problem).toBeNull();
    expect(proof).toMatchObject({
      toLsn: formatLsn(sample.commits[8]?.endLsn ?? 0n),
      stop: { lsn: formatLsn(sample.commits[8]?.endLsn ?? 0n), xid: '709' },
      segments: 3,
    });
  });

  it('immediate needs no more than the backup’s own WAL', async () => {
    const sample = sampleWal();
    const change = only('004', () => gzipSync(Buffer.alloc(2 ** 20)));
    const { proof, problem } = await prove(sample, { target: { kind: 'immediate' }, change });
    expect(problem).toBeNull();
    expect(proof).toMatchObject({ segments: 1, toLsn: sample.backup.endLsn });
  });

  it.each([
    { target: time(second(22)), says: /No transaction in the archived WAL ended after time .*10:00:22Z/ },
    { target: { kind: 'xid', xid: '799', inclusive: true } as const, says: /Transaction 799 does not end/ },
    {
      target: { kind: 'name', name: 'downgrade' } as const,
      says: /no restore point "downgrade" .* has the restore points "upgrade"/,
    },
    {
      target: { kind: 'lsn', lsn: '0/A000000', inclusive: true } as const,
      says: /WAL ends at 0\/8\w+, in front of LSN 0\/A000000/,
    },
  ])('of $target that the archive does not hold is refused', async ({ target, says }) => {
    const { message, hint, details } = refusal(await prove(sampleWal(), { target }));
    expect(message).toMatch(says);
    expect(hint).toMatch(/leave the target out/);
    expect(details).toMatchObject({ reachableTime: '2026-03-01T10:00:22Z', reachableXid: '722' });
  });

  it('in front of the end of the backup is refused', async () => {
    const sample = sampleWal();
    const lsn = sample.backup.beginLsn ?? '';
    const { message, details } = refusal(
      await prove(sample, { target: { kind: 'lsn', lsn, inclusive: true } }),
    );
    expect(message).toMatch(/in front of the end of backup/);
    expect(details).toMatchObject({
      earliestLsn: sample.backup.endLsn,
      earliestTime: '2026-03-01T10:00:00Z',
    });
  });
});

describe('the check of the ends', () => {
  it('looks at the first page of the segments between, and at the records of the last ones', async () => {
    const flipped = (bytes: Buffer) => {
      bytes[500_000]! ^= 2;
      return gzipSync(bytes);
    };
    const sample = sampleWal();
    const between = await prove(sample, { check: 'ends', change: only('005', flipped) });
    expect(between.problem).toBeNull();
    expect(between.proof).toMatchObject({ extent: 'ends', segments: 6, lastCommit: { xid: '722' } });
    expect(between.stop).toMatchObject({ lsn: formatLsn(sample.last.lsn) });
    for (const whole of ['003', '007'])
      refusal(await prove(sampleWal(), { check: 'ends', change: only(whole, flipped) }));
    const zeros = only('005', () => gzipSync(Buffer.alloc(2 ** 20)));
    expect(refusal(await prove(sampleWal(), { check: 'ends', change: zeros })).message).toMatch(
      /nothing but zeros/,
    );
  });

  it('reads all the same where only records tell where the target is', async () => {
    const { proof } = await prove(sampleWal(), {
      check: 'ends',
      target: { kind: 'xid', xid: '715', inclusive: true },
    });
    expect(proof).toMatchObject({ extent: 'records', stop: { xid: '715' } });
  });
});

describe('reading the archive', () => {
  it('goes along the path of the history file', async () => {
    const sample = sampleWal();
    const fork = formatLsn(sample.last.endLsn);
    const reach = await prove(sample, { history: `1\t${fork}\tno reason\n`, timeline: 2 });
    expect(reach.problem).toBeNull();
    const early = await prove(sample, { history: '1\t0/500028\tno reason\n', timeline: 2 });
    expect(refusal(early).message).toMatch(/WAL of timeline 1, along which/);
  });

  it('tells its progress by segments', async () => {
    const seen: string[] = [];
    await prove(sampleWal(), { threads: 3, onProgress: (done, total) => seen.push(`${done}/${total}`) });
    expect(seen).toEqual(['1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
  });

  it('ends at once when it is cancelled', async () => {
    const stop = new AbortController();
    const reading = prove(sampleWal(), {
      signal: stop.signal,
      watch: (storage) => ({
        ...storage,
        locate: () => {
          stop.abort(new Error('cancelled'));
          return new Promise(() => {});
        },
      }),
    });
    await expect(reading).rejects.toThrow('cancelled');
  });

  it('says what the store says', async () => {
    const reading = prove(sampleWal(), {
      watch: (storage) => ({ ...storage, locate: () => Promise.reject(new Error('no such luck')) }),
    });
    await expect(reading).rejects.toThrow('no such luck');
  });
});
