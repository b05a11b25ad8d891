import { copyFile, cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startComposeProject } from '../support/compose-project.ts';
import { layOut } from '../support/fixture-objects.ts';
import { type OdoResult, odo } from '../support/odo-program.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

interface Place {
  readonly data: string;
  readonly archive: string;
  /** Of the archived segments, oldest first. */
  readonly wal: string;
  readonly base: string;
  readonly plan: string;
  readonly backup: Awaited<ReturnType<typeof fixture>>;
  /** `odo …` with a journal of its own. */
  odo(...args: string[]): Promise<OdoResult>;
}

/** A backup of its own in a directory, and what to plan with. */
async function placeIn(directory: string): Promise<Place> {
  const backup = await fixture('barman-15');
  const archive = join(directory, 'backups');
  await layOut(backup, archive);
  const server = join(archive, backup.prefix, String(backup.serverName));
  return {
    data: join(directory, 'data'),
    archive,
    wal: join(server, 'wals/0000000100000000'),
    base: join(server, 'base', String(backup.expected.backups.at(-1))),
    plan: join(directory, 'plan.json'),
    backup,
    odo: (...args) => odo(args, { cwd: directory, env: { XDG_STATE_HOME: directory } }),
  };
}

const sourceOf = ({ archive, backup }: Place): string => `file://${join(archive, backup.prefix)}`;

async function planned(place: Place, ...options: string[]): Promise<OdoResult> {
  const result = await place.odo(
    ...['plan', '-u', sourceOf(place), '--data-dir', place.data, '--out', place.plan, ...options],
  );
  expect(result.exitCode, result.stderr).toBe(0);
  return result;
}

const flat = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** What a run, the plan's page or a status says the SHA-256 is. */
const digestIn = (text: string): string => /SHA-256 +([0-9a-f]{16})/.exec(text)?.[1] ?? 'none';

describeWithLab('a plan that was written to a file', () => {
  test('is executed exactly, whatever backups and WAL have come since', async () => {
    await using directory = await temporaryDirectory();
    const place = await placeIn(directory.path);
    const { between } = place.backup.expected;
    if (between === null) throw new Error('The fixture has targets.');
    const page = await planned(place, '--target-time', between.time);
    const digest = digestIn(page.stdout);
    expect(
      digestIn(
        (
          await place.odo(
            'plan',
            '-u',
            sourceOf(place),
            '--data-dir',
            place.data,
            '--target-time',
            between.time,
          )
        ).stdout,
      ),
    ).toBe(digest);

    // A newer backup, which a start without the plan would take, and a segment behind the end.
    await cp(place.base, join(dirname(place.base), '20991231T000000'), { recursive: true });
    const last = '000000010000000000000011.gz';
    await copyFile(join(place.wal, last), join(place.wal, '000000010000000000000012.gz'));
    await mkdir(place.data);

    // It was absent when the plan was made.
    const refused = await place.odo('start', '--plan', place.plan);
    expect(refused.exitCode).toBe(15);
    await rm(place.data, { recursive: true });

    const result = await place.odo('start', '--plan', place.plan);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(digestIn(result.stderr)).toBe(digest);
    expect(await factsOfDirectory(place.data)).toEqual(between.tables);
    const [runId] = /\d{8}-\d{6}-\w{4}/.exec(result.stdout) ?? [];
    const status = await place.odo('status', String(runId));
    expect(digestIn(status.stdout)).toBe(digest);
    expect(flat(status.stdout)).toContain(`agreed to in ${place.plan}`);
    const told = await place.odo('status', String(runId), '--json');
    expect(told.events[0]).toMatchObject({
      planFile: place.plan,
      planDigest: expect.stringMatching(`^${digest}`),
      backup: place.backup.expected.backups.at(-1),
    });
  });

  test('is read again when its run was interrupted before anybody agreed, and not needed afterwards', async () => {
    await using directory = await temporaryDirectory();
    const place = await placeIn(directory.path);
    await planned(place);
    const args = ['start', '--plan', place.plan, '--json'];
    const env = { XDG_STATE_HOME: directory.path };
    const early = await odo(args, { env: { ...env, ODO_FAILPOINT: 'plan:after-intent' } });
    const runId = String(early.events[0]?.runId);
    await rm(place.plan);
    const without = await place.odo('resume', runId);
    expect(without.exitCode).toBe(2);
    expect(without.stderr).toContain(`The plan ${place.plan} cannot be read`);

    await planned(place);
    const late = await odo(args, { env: { ...env, ODO_FAILPOINT: 'restoreBase:after-intent' } });
    await rm(place.plan);
    const resumed = await place.odo('resume', String(late.events[0]?.runId));
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await factsOfDirectory(place.data)).toEqual(place.backup.expected.atLatest.tables);
  });

  test('tells the next plan how long it took', async () => {
    await using directory = await temporaryDirectory();
    const place = await placeIn(directory.path);
    const first = await planned(place);
    expect(first.stdout).toContain('There is no history yet');
    expect((await place.odo('start', '--plan', place.plan)).exitCode).toBe(0);
    await rm(place.data, { recursive: true });
    await rm(place.plan);
    const second = await planned(place, '--json');
    const { plan } = second.events[0] as {
      plan: { expected: { phases: { phase: string; basis: string; runs: number }[] } };
    };
    expect(plan.expected.phases.find(({ phase }) => phase === 'restoreBase')).toMatchObject({
      basis: 'alike',
      runs: 1,
    });
    expect(plan.expected.phases.every(({ basis }) => basis === 'alike')).toBe(true);
  });
});

interface Change {
  readonly what: string;
  readonly options?: (place: Place) => Promise<string[]>;
  readonly change: (place: Place) => Promise<void>;
  readonly exitCode: number;
  readonly says: RegExp;
}

const changes: readonly Change[] = [
  {
    what: 'a WAL segment is gone',
    change: ({ wal }) => rm(join(wal, '00000001000000000000000E.gz')),
    exitCode: 4,
    says: /00000001000000000000000E/,
  },
  {
    what: 'the last WAL segment is gone',
    change: ({ wal }) => rm(join(wal, '000000010000000000000011.gz')),
    exitCode: 13,
    says: /lies behind the end of the WAL .* 000000010000000000000010/,
  },
  {
    what: 'an archive was replaced',
    change: ({ base }) => utimes(join(base, 'data.tar.gz'), 1_000_000, 1_000_000),
    exitCode: 4,
    says: /data\.tar\.gz is not the object that was planned: its ETag differs/,
  },
  {
    what: 'the backup is gone',
    change: ({ base }) => rm(base, { recursive: true }),
    exitCode: 13,
    says: /hint:/,
  },
  {
    what: 'the target is no longer absent',
    change: async ({ data }) => {
      await mkdir(data);
    },
    exitCode: 15,
    says: /held nothing \(it did not exist\) when the plan was made, and holds nothing now/,
  },
  {
    what: 'the file for postgresql.auto.conf has another content',
    options: async ({ plan }) => {
      const file = join(dirname(plan), 'auto.conf');
      await writeFile(file, "work_mem = '8MB'\n");
      return ['-c', file];
    },
    change: ({ plan }) => writeFile(join(dirname(plan), 'auto.conf'), "work_mem = '9MB'\n"),
    exitCode: 4,
    says: /auto\.conf is not the file that it was/,
  },
  {
    what: 'the plan was edited',
    change: async ({ plan }) =>
      writeFile(plan, (await readFile(plan, 'utf8')).replace('"sync":true', '"sync":false')),
    exitCode: 2,
    says: /was changed after it was made/,
  },
  {
    what: 'another odo made it',
    change: async ({ plan }) =>
      writeFile(plan, (await readFile(plan, 'utf8')).replace(/"odoVersion":"[^"]*"/, '"odoVersion":"9.9.9"')),
    exitCode: 20,
    says: /was made by odo 9\.9\.9/,
  },
];

describeWithLab('a plan that no longer holds', () => {
  test.for(changes)(
    'is refused, and nothing is touched, when $what',
    async ({ options, change, exitCode, says }) => {
      await using directory = await temporaryDirectory();
      const place = await placeIn(directory.path);
      await planned(place, ...((await options?.(place)) ?? []));
      await change(place);
      const result = await place.odo('start', '--plan', place.plan, '--yes');
      expect(result.exitCode, result.stderr).toBe(exitCode);
      expect(flat(result.stderr)).toMatch(says);
      await expect(readFile(join(place.data, 'PG_VERSION'))).rejects.toThrow(/ENOENT/);
    },
  );
});

describeWithLab('a plan for a Compose service', () => {
  test('is refused when the service runs now and did not, or has another image; otherwise it is executed', async () => {
    await using directory = await temporaryDirectory();
    const place = await placeIn(directory.path);
    const image = 'odo-test-planned:15';
    const other = await run('docker', ['create', imageName(15)]);
    try {
      await run('docker', ['tag', imageName(15), image]);
      const project = { directory: directory.path, name: 'odo-test-planned', major: 15 } as const;
      await using shop = await startComposeProject({ ...project, running: false });
      await writeFile(shop.file, (await readFile(shop.file, 'utf8')).replace(imageName(15), image));
      const page = await place.odo(
        ...['plan', '-u', sourceOf(place), '-v', 'pgdata', '-n', 'db', '-f', shop.file],
        ...shop.replaceFlags,
        ...['--project', shop.project, '--out', place.plan],
      );
      expect(page.exitCode, page.stderr).toBe(0);
      expect(flat(page.stdout)).toContain(', which does not run now');
      const start = () => place.odo('start', '--plan', place.plan, '--yes');

      await shop.compose('up', '-d');
      await shop.untilReady();
      const running = await start();
      expect(running.exitCode, running.stderr).toBe(15);
      expect(flat(running.stderr)).toContain('did not run when the plan was made, and runs now');
      expect(await shop.psql('select note from old_rows')).toBe('written before the restore');

      await shop.compose('stop');
      await run('docker', ['commit', '-c', 'LABEL another=1', other, image]);
      const renewed = await start();
      expect(renewed.exitCode, renewed.stderr).toBe(15);
      expect(flat(renewed.stderr)).toContain('is another image than when the plan was made');

      await run('docker', ['rmi', '-f', image]);
      await run('docker', ['tag', imageName(15), image]);
      const result = await start();
      expect(result.exitCode, result.stderr).toBe(0);
      expect(await readTableFacts(shop.psql)).toEqual(place.backup.expected.atLatest.tables);
    } finally {
      await run('docker', ['rm', '-f', other]);
      await run('docker', ['rmi', '-f', image]);
    }
  });
});
