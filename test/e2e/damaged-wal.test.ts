import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseLsn } from '../../src/postgres/lsn.ts';
import { segmentName, segmentNumberOf } from '../../src/postgres/wal-segment.ts';
import { copyFixture } from '../lab/fixtures.ts';
import type { Major } from '../lab/images.ts';
import { longArchive } from '../lab/long-archive.ts';
import { type PitrFixture, pitrFixture } from '../lab/pitr-fixtures.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { restorePlace } from '../support/pitr-restore.ts';
import { rowsAt } from '../support/rows-at.ts';
import { editWal, putWal, removeWal, type StoredWal, takeWal, unpacked } from '../support/stored-wal.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** The segment so many behind the one that holds the commit of a row. */
function segmentOf(archive: PitrFixture, row: number, behind = 0): string {
  const { timeline, begin } = archive.rows.find(({ id }) => id === row) ?? expect.fail(`no row ${row}`);
  const number = segmentNumberOf(parseLsn(begin), archive.segmentBytes) + behind;
  return segmentName({ timeline, number }, archive.segmentBytes);
}

/** Between the rows 13 and 14, on the way from the newest backup to the end: full of records that nobody asks for. */
const middle = (archive: PitrFixture): string => segmentOf(archive, 13, 1);

interface Damage {
  readonly what: string;
  readonly majors: readonly Major[];
  readonly exitCode: 4 | 13;
  /** Beside the segment. */
  readonly says: RegExp;
  readonly place: (archive: PitrFixture) => string;
  /** Returns what was there before. */
  readonly damage: (s3: S3Server, archive: PitrFixture, name: string) => Promise<StoredWal>;
}

const flipBit: Damage['damage'] = (s3, archive, name) =>
  editWal(s3, archive, name, (content) => {
    const at = content.length / 2 + 1000;
    content[at] = (content[at] ?? 0) ^ 0x10;
    return content;
  });

const damages: readonly Damage[] = [
  {
    what: 'is missing',
    majors: [15, 17],
    exitCode: 4,
    says: /is missing/,
    place: middle,
    damage: removeWal,
  },
  {
    what: 'is there as .partial only',
    majors: [15],
    exitCode: 4,
    says: /is missing/,
    place: middle,
    damage: async (s3, archive, name) => {
      const removed = await removeWal(s3, archive, name);
      await putWal(s3, archive, { ...removed, key: removed.key.replace(name, `${name}.partial`) });
      return removed;
    },
  },
  {
    what: 'holds nothing but zeros',
    majors: [15, 17],
    exitCode: 13,
    says: /zeros/,
    place: middle,
    damage: (s3, archive, name) => editWal(s3, archive, name, (content) => content.fill(0)),
  },
  {
    what: 'holds zeros from its middle on',
    majors: [15],
    exitCode: 13,
    says: /zeros/,
    place: middle,
    damage: (s3, archive, name) =>
      editWal(s3, archive, name, (content) => content.fill(0, content.length / 2)),
  },
  {
    what: 'has one bit flipped inside a record that spans several',
    majors: [15, 17, 18],
    exitCode: 13,
    says: /checksum/,
    place: middle,
    damage: flipBit,
  },
  {
    what: 'has one bit flipped inside a record that lies in it alone',
    majors: [15],
    exitCode: 13,
    says: /damaged record at 0\/[0-9A-F]+: its checksum is wrong/,
    place: (archive) => segmentOf(archive, 13),
    damage: flipBit,
  },
  {
    what: 'is of another cluster',
    majors: [15],
    exitCode: 13,
    says: /another (database )?cluster|system identifier/,
    place: middle,
    damage: async (s3, archive, name) => {
      const other = await longArchive();
      await using foreign = await startS3({ storageDir: other.storageDir });
      const content = unpacked(await takeWal(foreign, other, name));
      return editWal(s3, archive, name, () => content);
    },
  },
  {
    what: 'is another segment under its name',
    majors: [15],
    exitCode: 13,
    says: /another position/,
    place: middle,
    damage: async (s3, archive, name) => {
      const before = unpacked(await takeWal(s3, archive, segmentOf(archive, 13)));
      return editWal(s3, archive, name, () => before);
    },
  },
  {
    what: 'was cut off',
    majors: [15, 17],
    exitCode: 13,
    says: /bytes/,
    place: middle,
    damage: (s3, archive, name) =>
      editWal(s3, archive, name, (content) => content.subarray(0, content.length / 2)),
  },
  {
    what: 'was cut off in its compressed form',
    majors: [15],
    exitCode: 13,
    says: /ends|cut|damaged|incomplete|truncated/i,
    place: middle,
    damage: async (s3, archive, name) => {
      const before = await takeWal(s3, archive, name);
      const body = before.body.subarray(0, before.body.length / 2);
      await putWal(s3, archive, { ...before, body });
      return before;
    },
  },
  {
    what: 'of the history is missing',
    majors: [15, 18],
    exitCode: 4,
    says: /history/,
    place: () => '00000002.history',
    damage: removeWal,
  },
];

const ofMajors = <Case extends { readonly majors: readonly Major[] }>(cases: readonly Case[]) =>
  ([15, 17, 18] as const).flatMap((major) =>
    cases.filter(({ majors }) => majors.includes(major)).map((one) => ({ ...one, major })),
  );

describeWithLab('a plan of a recovery is refused, and nothing touched, when a file of the WAL', () => {
  test.for(ofMajors(damages))(
    '$what (PostgreSQL $major)',
    async ({ major, exitCode, says, place, damage }) => {
      await using directory = await temporaryDirectory();
      const archive = await copyFixture(await pitrFixture(major), join(directory.path, 's3'));
      await using s3 = await startS3({ storageDir: archive.storageDir });
      await using restore = await restorePlace(archive);
      const name = place(archive);
      await damage(s3, archive, name);
      for (const command of ['plan', 'start']) {
        const args = [command, '-u', archive.url, '-e', s3.endpoint, ...restore.target];
        const result = await odo(args, { env: { ...s3.env, ...restore.env } });
        expect(result.exitCode, result.stderr).toBe(exitCode);
        expect(result.stderr).toContain(name);
        expect(result.stderr).toMatch(says);
        expect(result.stderr).toMatch(/hint:/i);
        expect(result.stderr).not.toMatch(/\n\s+at /);
      }
      expect(await restore.isUntouched()).toBe(true);
    },
  );
});

describeWithLab(
  'a recovery never promotes, and goes on once the archive is repaired, when after its plan a file of the WAL',
  () => {
    const later = damages.filter(({ what }) =>
      /missing|zeros from|flipped|another cluster|cut off$/.test(what),
    );
    test.for(ofMajors(later.map((one) => ({ ...one, majors: [15] as const }))))(
      '$what',
      async ({ place, damage }) => {
        await using directory = await temporaryDirectory();
        const archive = await copyFixture(await pitrFixture(15), join(directory.path, 's3'));
        await using s3 = await startS3({ storageDir: archive.storageDir });
        await using restore = await restorePlace(archive);
        const env = { ...s3.env, ...restore.env };
        const args = ['start', '-u', archive.url, '-e', s3.endpoint, ...restore.target, '--json'];
        const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'prepareTarget:after-completion' } });
        expect(killed.signal, killed.stderr).toBe('SIGKILL');
        const runId = String(killed.events[0]?.runId);
        const before = await damage(s3, archive, place(archive));

        const failed = await odo(['resume', runId, '--json'], { env });
        expect(failed.exitCode, failed.stderr).toBeGreaterThan(0);
        expect(failed.stderr).toContain(`odo resume ${runId}`);
        expect(failed.events).not.toContainEqual(
          expect.objectContaining({ phase: 'promote', state: 'completed' }),
        );
        expect(failed.stdout).not.toContain('"promoted"');

        await putWal(s3, archive, before);
        const resumed = await odo(['resume', runId, '--json'], { env });
        expect(resumed.exitCode, resumed.stderr).toBe(0);
        expect(await restore.rows()).toEqual(rowsAt(archive, 2, archive.ends[2]));
      },
    );
  },
);

describeWithLab('a recovery whose plan reads only the ends of the WAL', () => {
  test('never promotes when replay meets a broken record in its middle', async () => {
    await using directory = await temporaryDirectory();
    const archive = await copyFixture(await pitrFixture(15), join(directory.path, 's3'));
    await using s3 = await startS3({ storageDir: archive.storageDir });
    await using restore = await restorePlace(archive);
    await flipBit(s3, archive, segmentOf(archive, 13));
    const args = ['-u', archive.url, '-e', s3.endpoint, ...restore.target, '--wal-check', 'ends', '--json'];
    const failed = await odo(['start', ...args], { env: { ...s3.env, ...restore.env } });
    expect(failed.exitCode, failed.stderr).toBeGreaterThan(0);
    expect(failed.stderr).toContain(`odo resume ${failed.events[0]?.runId}`);
    expect(failed.stdout).toContain('recovery ended before configured recovery target was reached');
    expect(failed.stdout).not.toContain('"promoted"');
  });
});
