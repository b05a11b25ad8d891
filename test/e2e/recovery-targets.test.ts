import { expect, test } from 'vitest';
import { formatLsn, parseLsn } from '../../src/postgres/lsn.ts';
import { segmentNumberOf, segmentStart } from '../../src/postgres/wal-segment.ts';
import type { Major } from '../lab/images.ts';
import { type PitrFixture, pitrFixture } from '../lab/pitr-fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { restorePlace } from '../support/pitr-restore.ts';
import { rowsAt } from '../support/rows-at.ts';
import { describeWithLab } from '../support/with-lab.ts';

type Timeline = 1 | 2 | 3;

interface Landing {
  readonly what: string;
  readonly majors: readonly Major[];
  readonly args: (archive: PitrFixture) => readonly string[];
  /** What is there: everything on the way to this row of that timeline, and the row. */
  readonly timeline: Timeline;
  readonly last: number;
  /** Beside what `last` says: not there, although its time, LSN or number would tell otherwise. */
  readonly without?: number;
}

const rowOf = (archive: PitrFixture, id: number, timeline?: Timeline) => {
  const found = archive.rows.find((row) => row.id === id && row.timeline === (timeline ?? row.timeline));
  if (found === undefined) throw new Error(`There is no row ${id}`);
  return found;
};
const timeOf = (archive: PitrFixture, id: number) => rowOf(archive, id).time;
/** Between two rows' times, to the microsecond. */
function between(archive: PitrFixture, before: number, after: number): string {
  const micros = (id: number) => {
    const time = timeOf(archive, id);
    return BigInt(Date.parse(`${time.slice(0, 19)}Z`)) * 1000n + BigInt(time.slice(20, 26));
  };
  const middle = (micros(before) + micros(after)) / 2n;
  const seconds = new Date(Number(middle / 1000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(middle % 1_000_000n).padStart(6, '0')}Z`;
}

const exclusive = '--no-target-inclusive';
const older = (archive: PitrFixture) => ['--backup', archive.backups.a.id];

const landings: readonly Landing[] = [
  {
    what: 'the time of a transaction',
    majors: [15],
    args: (archive) => ['--target-time', timeOf(archive, 4)],
    timeline: 1,
    last: 4,
  },
  {
    what: 'the time of a transaction, exclusive',
    majors: [15, 17],
    args: (archive) => ['--target-time', timeOf(archive, 4), exclusive],
    timeline: 1,
    last: 3,
  },
  {
    what: 'a time at which nothing happened',
    majors: [15, 18],
    args: (archive) => ['--target-time', between(archive, 4, 5)],
    timeline: 1,
    last: 4,
  },
  {
    what: 'a time between the two transactions of the last, unfinished segment',
    majors: [15, 17, 18],
    args: (archive) => ['--target-time', between(archive, 23, 24)],
    timeline: 2,
    last: 23,
  },
  {
    what: 'a time at which the former primary still wrote behind the switch',
    majors: [15],
    args: (archive) => ['--target-time', timeOf(archive, 16)],
    timeline: 2,
    last: 15,
    without: 16,
  },
  {
    what: 'a time behind a fork that must not be followed',
    majors: [15, 17, 18],
    // The fork has the higher number, but the newest backup is not on it.
    args: (archive) => ['--target-time', timeOf(archive, 11)],
    timeline: 2,
    last: 11,
    without: 30,
  },
  {
    what: 'the LSN of a commit record',
    majors: [15],
    args: (archive) => ['--target-lsn', rowOf(archive, 5).begin],
    timeline: 1,
    last: 5,
  },
  {
    what: 'the LSN of a commit record, exclusive',
    majors: [15],
    args: (archive) => ['--target-lsn', rowOf(archive, 5).begin, exclusive],
    timeline: 1,
    last: 4,
  },
  {
    what: 'an LSN behind a timeline switch',
    majors: [15, 17],
    args: (archive) => ['--target-lsn', rowOf(archive, 22).begin],
    timeline: 2,
    last: 22,
    without: 16,
  },
  {
    what: 'the LSN of the last commit record of all, exclusive',
    majors: [18],
    args: (archive) => ['--target-lsn', rowOf(archive, 24).begin, exclusive],
    timeline: 2,
    last: 23,
  },
  {
    what: 'a transaction that was prepared before another and committed after it',
    majors: [15, 18],
    args: (archive) => ['--target-xid', rowOf(archive, 7).xid],
    timeline: 1,
    last: 7,
  },
  {
    what: 'a transaction, exclusive, while an earlier one is prepared',
    majors: [15],
    args: (archive) => ['--target-xid', rowOf(archive, 8).xid, exclusive],
    timeline: 1,
    last: 5,
  },
  {
    what: 'a transaction that was rolled back',
    majors: [15],
    args: (archive) => ['--target-xid', archive.aborted.xid],
    timeline: 1,
    last: 5,
  },
  {
    what: 'a transaction whose number the former primary gave as well',
    majors: [15, 17],
    args: (archive) => ['--target-xid', rowOf(archive, 20).xid],
    timeline: 2,
    last: 20,
    without: 16,
  },
  {
    what: 'a transaction whose number a fork that must not be followed gave as well',
    majors: [15],
    args: (archive) => ['--target-xid', rowOf(archive, 11).xid],
    timeline: 2,
    last: 11,
    without: 30,
  },
  {
    what: 'the transaction of that number on the fork',
    majors: [15],
    args: (archive) => ['--target-xid', rowOf(archive, 30).xid, '--target-timeline', '3'],
    timeline: 3,
    last: 30,
    without: 11,
  },
  {
    what: 'a restore point that only the older backup comes to',
    majors: [15],
    args: () => ['--target-name', 'after seven'],
    timeline: 1,
    last: 7,
  },
  {
    what: 'the first of two restore points of one name',
    majors: [15],
    args: (archive) => ['--target-name', 'twice', ...older(archive)],
    timeline: 1,
    last: 3,
  },
  {
    what: 'a restore point of a later timeline',
    majors: [15, 17, 18],
    args: () => ['--target-name', 'on timeline 2'],
    timeline: 2,
    last: 21,
  },
  {
    what: 'the end of a base backup',
    majors: [15, 17, 18],
    args: () => ['--target-immediate'],
    timeline: 1,
    last: 12,
  },
  {
    what: 'the end of an older base backup',
    majors: [15],
    args: (archive) => ['--target-immediate', ...older(archive)],
    timeline: 1,
    last: 1,
  },
  {
    what: 'the end of the WAL, beside a fork that does not descend from the backup',
    majors: [15, 17, 18],
    args: () => [],
    timeline: 2,
    last: 24,
    without: 31,
  },
  {
    what: 'the end of a timeline that was left',
    majors: [15],
    args: () => ['--target-timeline', '1'],
    timeline: 1,
    last: 16,
    without: 20,
  },
  {
    what: 'the end of a fork that only the older backup leads to',
    majors: [15, 17],
    args: () => ['--target-timeline', '3'],
    timeline: 3,
    last: 31,
    without: 11,
  },
];

describeWithLab('a recovery lands exactly at', () => {
  const cases = ([15, 17, 18] as const).flatMap((major) =>
    landings.filter(({ majors }) => majors.includes(major)).map((landing) => ({ major, ...landing })),
  );
  test.for(cases)('$what (PostgreSQL $major)', async ({ major, args, timeline, last, without }) => {
    const archive = await pitrFixture(major);
    await using s3 = await startS3({ storageDir: archive.storageDir });
    await using place = await restorePlace(archive);
    const result = await odo(
      ['start', '-u', archive.url, '-e', s3.endpoint, ...place.target, ...args(archive), '--json'],
      { env: { ...s3.env, ...place.env } },
    );
    expect(result.exitCode, result.stderr).toBe(0);
    const rows = await place.rows();
    expect(rows).toEqual(rowsAt(archive, timeline, rowOf(archive, last).end));
    expect(rows).toContain(last);
    expect(rows).not.toContain(without);
    // The archive has 2 and 3, wherever recovery ended.
    const completed = result.events.find(({ type }) => type === 'completed');
    expect(completed).toMatchObject({ facts: { timeline: 4 } });
  });
});

interface OutOfReach {
  readonly what: string;
  readonly args: (archive: PitrFixture) => readonly string[];
  /** What comes nearest, among other things. */
  readonly says: (archive: PitrFixture) => string;
}

/** As odo says it: without zeros at the end. */
const shortTime = (time: string) => time.replace(/\.?0+Z$/, 'Z');

function endOfSegment({ segmentBytes }: PitrFixture, lsn: string): string {
  const number = segmentNumberOf(parseLsn(lsn), segmentBytes);
  return formatLsn(segmentStart(number + 1, segmentBytes));
}

const outOfReach: readonly OutOfReach[] = [
  {
    what: 'a time behind the last transaction',
    args: (archive) => [
      '--target-time',
      timeOf(archive, 24).replace('Z', '+00:00'),
      '--target-timeline',
      '2',
    ],
    says: (archive) => shortTime(timeOf(archive, 24)),
  },
  {
    what: 'a time before the end of the oldest backup',
    args: (archive) => ['--target-time', timeOf(archive, 1)],
    says: (archive) => archive.backups.a.id,
  },
  {
    what: 'an LSN behind the end of the archive',
    args: () => ['--target-lsn', '0/7FFFFFF0'],
    says: (archive) => endOfSegment(archive, archive.ends[2]),
  },
  {
    what: 'a position behind the fork on the timeline that branched off',
    args: (archive) => ['--target-lsn', rowOf(archive, 22).begin, '--target-timeline', '3'],
    says: (archive) => endOfSegment(archive, archive.ends[3]),
  },
  {
    what: 'a transaction that never was',
    args: () => ['--target-xid', '4000000'],
    says: (archive) => shortTime(timeOf(archive, 24)),
  },
  {
    what: 'a restore point that only the later timeline has',
    args: () => ['--target-name', 'on timeline 2', '--target-timeline', '1'],
    says: () => '"before the switch"',
  },
];

describeWithLab('a recovery is refused with what comes nearest', () => {
  test.for(outOfReach)('for $what', async ({ args, says }) => {
    const archive = await pitrFixture(15);
    await using s3 = await startS3({ storageDir: archive.storageDir });
    await using place = await restorePlace(archive);
    const result = await odo(
      ['start', '-u', archive.url, '-e', s3.endpoint, ...place.target, ...args(archive)],
      { env: { ...s3.env, ...place.env } },
    );
    expect(result.exitCode, result.stderr).toBe(13);
    expect(result.stderr).toContain(says(archive));
    expect(await place.isUntouched()).toBe(true);
  });
});
