import { chmod, mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openJournal } from '../../src/journal/open.ts';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { policedS3 } from '../support/policed-s3.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

interface Line {
  readonly area: string;
  readonly level: string;
  readonly found: string;
  readonly fix: string | null;
}

interface Examination {
  readonly exitCode: number | null;
  /** Lines of an area, in order. */
  of(area: string): readonly Line[];
  /** Levels that are not `ok`, with their areas. */
  readonly trouble: readonly string[];
  readonly text: string;
}

/** `odo doctor ARGS --json` with a state directory of its own. */
async function doctor(
  place: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  user: { readonly uid: number; readonly gid: number } | null = null,
): Promise<Examination> {
  const { exitCode, events, stdout, stderr } = await odo(['doctor', '--json', ...args], {
    cwd: place,
    ...user,
    env: { XDG_STATE_HOME: join(place, 'state'), HOME: place, ...env },
  });
  const lines = events.filter((event) => event['type'] === 'finding') as unknown as Line[];
  expect(events.at(-1), stderr).toMatchObject({ type: 'doctor', exitCode });
  return {
    exitCode,
    of: (area) => lines.filter((line) => line.area === area),
    trouble: lines.filter(({ level }) => level !== 'ok').map(({ area, level }) => `${area} ${level}`),
    text: stdout,
  };
}

describeWithLab('odo doctor', () => {
  let backup: Fixture;
  let s3: S3Server;
  beforeAll(async () => {
    backup = await fixture('barman-15');
    s3 = await startS3({ storageDir: backup.storageDir });
  });
  afterAll(() => s3.stop());
  const at = (): string[] => ['-u', backup.url, '-e', s3.endpoint];

  test('finds nothing wrong where a restore into a directory would succeed, and leaves nothing behind', async () => {
    await using place = await temporaryDirectory();
    const data = join(place.path, 'data');
    const args = [...at(), '--data-dir', data, '--local', '--pg-bin', binDir15];
    const found = await doctor(place.path, args, s3.env);
    expect(found.trouble).toEqual([]);
    expect(found.exitCode).toBe(0);
    expect(found.of('store')).toMatchObject([
      { found: expect.stringMatching(/answers, lists and reads \(/) },
      { found: expect.stringMatching(/^\d+ backups? in s3:.*PostgreSQL 15, finished 20/) },
    ]);
    expect(found.of('clock')).toMatchObject([{ found: expect.stringMatching(/as the store has it/) }]);
    expect(found.of('server')).toMatchObject([{ found: `PostgreSQL 15 (${binDir15})` }]);
    expect(found.of('engine')).toMatchObject([{ found: expect.stringMatching(/^Docker \d.*\(API \d/) }]);
    expect(found.of('compose')).toMatchObject([{ found: expect.stringMatching(/^Compose \d+\.\d/) }]);
    expect(await readdir(place.path)).toEqual([]);
  });

  test('says what was not looked at, and how to, when nothing is configured', async () => {
    await using place = await temporaryDirectory();
    const found = await doctor(place.path, []);
    expect(found.exitCode).toBe(0);
    expect(found.trouble).toEqual(['disk unchecked', 'store unchecked']);
    expect(found.of('store')[0]?.fix).toContain('odo doctor -u s3://');
  });

  test('looks at a Compose service, its volume and its image', async () => {
    await using place = await temporaryDirectory();
    const file = join(place.path, 'compose.yaml');
    await writeFile(file, composeText(imageName(15)));
    const found = await doctor(place.path, [...at(), '-v', 'pgdata', '-n', 'db'], s3.env);
    expect(found.trouble).toEqual([]);
    expect(found.exitCode).toBe(0);
    expect(found.of('compose').at(-1)?.found).toMatch(
      /is stopped, of image odo-lab\/postgres:15 with PostgreSQL 15/,
    );
    expect(found.of('disk').at(-1)?.found).toMatch(
      /^target: volume odo-test-doctor_pgdata does not exist yet/,
    );

    const missing = await doctor(place.path, [...at(), '-v', 'pgdata', '-n', 'dbb'], s3.env);
    expect(missing.trouble).toContain('compose problem');
    expect(missing.exitCode).toBe(4);

    await writeFile(file, composeText(imageName(17)));
    const other = await doctor(place.path, [...at(), '-v', 'pgdata', '-n', 'db'], s3.env);
    expect(other.trouble).toEqual(['server problem']);
    expect(other.of('server')[0]?.found).toMatch(
      /newest backup is of PostgreSQL 15, and the image .*:17 has 17/,
    );

    // Without the service's own image a restore recovers with the official one.
    await writeFile(file, composeText('odo-lab/no-such-image:1'));
    const unpulled = await doctor(place.path, [...at(), '-v', 'pgdata', '-n', 'db'], s3.env);
    expect(unpulled.trouble).toEqual(['server problem']);
    expect(unpulled.of('server')[0]?.fix).toContain('docker pull postgres:15');
  });

  const deadEngine = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

  test.each([
    ['a problem with a volume', ['-v', 'pgdata'], ['engine problem'], 4],
    ['none with a directory', ['--data-dir', '/srv/odo-test-doctor', '--local'], [], 0],
    ['a warning as long as neither is named', [], ['engine warning'], 0],
  ] as const)('takes an engine that is away for %s', async (_, args, trouble, exitCode) => {
    await using place = await temporaryDirectory();
    const found = await doctor(place.path, args, deadEngine);
    expect(found.trouble.filter((one) => one.startsWith('engine'))).toEqual(trouble);
    expect(found.exitCode).toBe(exitCode);
  });

  test.each([
    ['a dead endpoint', () => ['-u', backup.url, '-e', 'http://127.0.0.1:9'], {}, /refused the connection/],
    ['a wrong secret key', at, { AWS_SECRET_ACCESS_KEY: 'wrong-secret-of-the-test' }, /signature|denies/i],
    ['a bucket that is not there', () => ['-u', 's3://nope/pg', '-e', s3.endpoint], {}, /no bucket nope/i],
    ['a folder without backups', () => ['-u', `s3://${backup.bucket}/nope`, '-e', s3.endpoint], {}, /nope/],
  ])('names %s', async (_, args, env, says) => {
    await using place = await temporaryDirectory();
    const found = await doctor(place.path, args(), { ...s3.env, ...env });
    const problem = found.of('store').find(({ level }) => level === 'problem');
    expect(problem?.found).toMatch(says);
    expect(problem?.fix).toBeTruthy();
    expect(found.exitCode).toBe(4);
    expect(found.text).not.toContain('wrong-secret-of-the-test');
  });

  test('tells listing from reading: a policy that allows only the first', async () => {
    await using place = await temporaryDirectory();
    const bucket = `arn:aws:s3:::${backup.bucket}`;
    await using policed = await policedS3(s3.endpoint, {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucket] }],
    });
    const found = await doctor(place.path, ['-u', backup.url, '-e', policed.endpoint], s3.env);
    expect(found.of('store').map(({ level }) => level)).toEqual(['ok', 'problem']);
    expect(found.of('store')[0]?.found).toMatch(/answers, lists$/);
    expect(found.of('store')[1]?.fix).toContain('s3:GetObject');
  });

  test('finds disks that are read-only, in memory or too small', async () => {
    await using place = await temporaryDirectory();
    const disk = join(place.path, 'disk');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'odo-test-doctor', disk]);
    try {
      const state = { XDG_STATE_HOME: disk };
      const small = await doctor(place.path, ['--drill-dir', disk], state);
      expect(small.of('disk').map(({ level }) => level)).toEqual(['problem', 'ok', 'warning', 'warning']);
      expect(small.of('disk')[0]?.found).toMatch(/32\.0 MiB free, too little for the journal/);
      await run('mount', ['-o', 'remount,ro', disk]);
      const closed = await doctor(place.path, ['--data-dir', join(disk, 'data'), '--local'], state);
      expect(closed.of('disk').map(({ level }) => level)).toContain('problem');
      for (const { found } of closed.of('disk').filter(({ level }) => level === 'problem'))
        expect(found).toMatch(/read-only|has room for/);
      expect(closed.exitCode).toBe(4);
    } finally {
      await run('umount', [disk]);
    }
  });

  test('misses programs: a PATH without any, and a directory without a server', async () => {
    await using place = await temporaryDirectory();
    const bare = await doctor(place.path, ['-v', 'pgdata', '-n', 'db', '-f', '/etc/hostname'], {
      PATH: place.path,
    });
    expect(bare.of('programs').map(({ level }) => level)).toEqual(['warning', 'warning']);
    expect(bare.of('compose')).toMatchObject([
      {
        level: 'problem',
        found: expect.stringMatching(/Compose .*is not installed/),
        fix: expect.stringMatching(/Install/),
      },
    ]);
    const local = await doctor(place.path, ['--data-dir', '/srv/odo-test-doctor', '--local'], {
      PATH: place.path,
    });
    expect(local.of('programs')[0]).toMatchObject({
      level: 'problem',
      found: expect.stringMatching(/there is no cp, no grep, no sleep/),
    });
    const empty = await doctor(place.path, ['--data-dir', '/srv/odo-test-doctor', '--pg-bin', place.path]);
    expect(empty.of('server')).toMatchObject([
      { level: 'problem', found: expect.stringMatching(/no PostgreSQL server in/) },
    ]);
    expect(empty.exitCode).toBe(4);
  });

  test('finds a journal that is damaged, one that is open to others, and one inside the target', async () => {
    await using place = await temporaryDirectory();
    const file = join(place.path, 'journal.sqlite');
    openJournal(file).close();
    await chmod(file, 0o644);
    const open = await doctor(place.path, ['--journal', file]);
    expect(open.of('journal').map(({ level }) => level)).toEqual(['ok', 'warning', 'warning']);
    expect(open.of('journal').at(-1)?.fix).toBe(`chmod 600 ${file}`);

    const inside = await doctor(place.path, ['--journal', file, '--data-dir', place.path]);
    expect(inside.of('disk')[0]).toMatchObject({
      level: 'problem',
      found: expect.stringMatching(/lies inside/),
    });

    await truncate(file, 3 * 4096);
    const damaged = await doctor(place.path, ['--journal', file]);
    expect(damaged.of('journal')).toMatchObject([
      { level: 'problem', found: expect.stringMatching(/damaged|malformed/) },
    ]);
    expect(damaged.exitCode).toBe(4);
  });

  test('as another user than root, tells that the files cannot be given to PostgreSQL’s', async () => {
    await using place = await temporaryDirectory();
    await chmod(place.path, 0o777);
    const found = await doctor(
      place.path,
      ['--data-dir', join(place.path, 'data'), '--local'],
      {},
      { uid: 65_534, gid: 65_534 },
    );
    expect(found.of('rights')).toMatchObject([
      {
        level: 'problem',
        found: expect.stringMatching(/odo runs as uid 65534/),
        fix: expect.stringMatching(/--owner 65534:65534/),
      },
    ]);
    expect(found.exitCode).toBe(4);
  });
});

const composeText = (image: string): string => `name: odo-test-doctor
services:
  db:
    image: ${image}
    environment:
      PGDATA: /var/lib/postgresql/data
    volumes: [pgdata:/var/lib/postgresql/data]
volumes:
  pgdata:
`;
