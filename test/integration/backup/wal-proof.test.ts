import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { SegmentScanner } from '../../../src/archive/wal-scan/segment-scanner.ts';
import type { BackupContents } from '../../../src/backup/base-backup.ts';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import { proveWal, type WalReach } from '../../../src/backup/prove-wal.ts';
import { parseLsn } from '../../../src/postgres/lsn.ts';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import { parseMicros } from '../../../src/postgres/timestamp.ts';
import { parseSegmentName, segmentStart } from '../../../src/postgres/wal-segment.ts';
import { openDirectoryStorage } from '../../../src/storage/directory.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import { majors } from '../../lab/images.ts';
import { type PitrFixture, pitrFixture } from '../../lab/pitr-fixtures.ts';
import { objectsOf } from '../../support/fixture-objects.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const { signal } = new AbortController();
const end: RecoveryTarget = { kind: 'end' };

interface Archive {
  readonly made: PitrFixture;
  readonly storage: ObjectStorage;
  readonly contents: BackupContents;
  readonly pathOf: (key: string) => string;
}

/** The older backup of an archive with three timelines, and its way to the second one. */
async function openArchive(made: PitrFixture, directory: string): Promise<Archive> {
  const pathOf = (key: string) => join(directory, key);
  for (const { key, file } of await objectsOf(made)) {
    await mkdir(dirname(pathOf(key)), { recursive: true });
    await cp(file, pathOf(key));
  }
  const storage = openDirectoryStorage(directory);
  const backups = await listBackups(storage, made.prefix, { signal });
  const backup = backups.find(({ id }) => id === made.backups.a.id) ?? expect.fail('no backup');
  const wanted = { target: end, timeline: 2 };
  return { made, storage, pathOf, contents: await inspectBackup(storage, backup, signal, null, wanted) };
}

function prove({ made, storage, contents }: Archive, target: RecoveryTarget): Promise<WalReach> {
  const { backup, wal } = contents;
  if (wal === null) expect.fail('no WAL');
  return proveWal({
    ...{ storage, backup, wal, target, signal, serverMajor: made.major },
    ...{ check: 'records', rangeBytes: 2 ** 20, threads: 2 },
  });
}

/** Rows on the way to the end of timeline 2, behind the backup. */
const rowsOnTheWay = ({ made }: Archive) =>
  made.rows.filter(
    ({ timeline, begin }) =>
      parseLsn(begin) >= parseLsn(made.backups.a.endLsn) &&
      (timeline === 2 || (timeline === 1 && parseLsn(begin) < parseLsn(made.forks[2].switchLsn))),
  );

describeWithLab('a real archive with three timelines', () => {
  it.each(majors)(
    'of PostgreSQL %i: every transaction, time, position and restore point on the way is met where it is',
    async (major) => {
      await using directory = await temporaryDirectory('odo-test-proof-');
      const archive = await openArchive(await pitrFixture(major), directory.path);
      expect(archive.contents.problems).toEqual([]);
      const rows = rowsOnTheWay(archive);
      expect(rows.length).toBeGreaterThan(15);

      const toEnd = await prove(archive, end);
      expect(toEnd.problem).toBeNull();
      const last = rows.at(-1);
      expect(toEnd.proof.lastCommit).toMatchObject({ xid: last?.xid, lsn: last?.begin });
      expect(parseMicros(toEnd.proof.lastCommit?.time ?? '')).toBe(parseMicros(last?.time ?? ''));
      expect(toEnd.stop).toEqual({ kind: 'lsn', lsn: toEnd.proof.lastRecordLsn, inclusive: true });

      for (const row of rows.filter((_, index) => index % 4 === 0)) {
        const byXid = await prove(archive, { kind: 'xid', xid: row.xid, inclusive: true });
        expect([row.id, byXid.problem, byXid.proof.stop?.lsn]).toEqual([row.id, null, row.end]);
        const byLsn = await prove(archive, { kind: 'lsn', lsn: row.begin, inclusive: true });
        expect([row.id, byLsn.problem, byLsn.proof.toLsn]).toEqual([row.id, null, row.end]);
      }
      for (const [index, row] of rows.entries()) {
        if (index % 4 !== 1 || row === last) continue;
        const byTime = await prove(archive, { kind: 'time', time: row.time, inclusive: true });
        expect([row.id, byTime.problem, byTime.proof.lastCommit?.xid]).toEqual([row.id, null, row.xid]);
      }
      const names = new Set<string>();
      for (const point of archive.made.restorePoints) {
        const isOnTheWay =
          parseLsn(point.lsn) > parseLsn(archive.made.backups.a.endLsn) &&
          rows.some(({ id, timeline }) => id === point.after && timeline === point.timeline);
        // Of several with a name the first one counts.
        if (!isOnTheWay || names.has(point.name)) continue;
        names.add(point.name);
        const { problem, proof } = await prove(archive, { kind: 'name', name: point.name });
        expect([point.name, problem, proof.stop?.lsn]).toEqual([point.name, null, point.lsn]);
      }
      expect(names.size).toBeGreaterThan(3);
      const beyond = await prove(archive, { kind: 'time', time: last?.time ?? '', inclusive: true });
      expect(beyond.problem).toMatchObject({
        code: 'TARGET_UNREACHABLE',
        details: { reachableXid: last?.xid },
      });
    },
    240_000,
  );

  it('is refused wherever a bit of a record is flipped, and never said to lead behind it', async () => {
    await using directory = await temporaryDirectory('odo-test-proof-');
    const archive = await openArchive(await pitrFixture(15), directory.path);
    const { wal } = archive.contents;
    if (wal === null) expect.fail('no WAL');
    let flipped = 0;
    for (const { key, name } of wal.objects.slice(2)) {
      const number = parseSegmentName(name, wal.segmentBytes)?.number;
      if (number === undefined) continue;
      const startLsn = segmentStart(number, wal.segmentBytes);
      const stored = await readFile(archive.pathOf(key));
      const bytes = gunzipSync(stored);
      const place = 3 * 8192 + 200;
      const lsn = startLsn + BigInt(place);
      // Behind a switch nothing is read, by the server neither.
      if ((await endOfRecords(archive.made, startLsn, bytes)) <= lsn) continue;
      flipped += 1;
      bytes[place]! ^= 0x40;
      await writeFile(archive.pathOf(key), gzipSync(bytes, { level: 1 }));
      const { problem, proof } = await prove(await openChanged(archive), end);
      expect(problem).toMatchObject({ code: 'TARGET_UNREACHABLE', message: expect.stringContaining(key) });
      expect(parseLsn(proof.toLsn)).toBeLessThanOrEqual(lsn);
      await writeFile(archive.pathOf(key), stored);
    }
    expect(flipped).toBeGreaterThan(3);
  }, 240_000);
});

/** The same archive as it is now: an object that was written anew is another one. */
async function openChanged(archive: Archive): Promise<Archive> {
  const { storage, contents } = archive;
  const wanted = { target: end, timeline: 2 };
  return { ...archive, contents: await inspectBackup(storage, contents.backup, signal, null, wanted) };
}

async function endOfRecords(
  { segmentBytes, major }: PitrFixture,
  startLsn: bigint,
  bytes: Uint8Array,
): Promise<bigint> {
  const scanner = await SegmentScanner.open();
  scanner.begin({
    ...{ startLsn, segmentBytes, serverMajor: major },
    ...{ systemIdentifier: null, fromLsn: null, target: null },
  });
  scanner.push(bytes);
  const { endLsn, unfinished, stop } = scanner.end();
  return unfinished === null && stop !== null ? (endLsn ?? startLsn) : startLsn + BigInt(segmentBytes);
}
