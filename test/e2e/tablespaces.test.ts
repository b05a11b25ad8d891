import { lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { startComposeProject } from '../support/compose-project.ts';
import { odo, spawnOdo } from '../support/odo-program.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** Where the tablespace of the fixtures was on their source. */
const formerPath = '/var/lib/postgresql/tablespaces/cold';
const filePathSql = "select pg_relation_filepath('archive_items')";
const locationSql = "select pg_tablespace_location(oid) from pg_tablespace where spcname = 'cold'";

const mountPointOf = (volume: string) =>
  run('docker', ['volume', 'inspect', '-f', '{{.Mountpoint}}', volume]);

/** Names in a volume's root. */
const namesIn = async (volume: string) => readdir(await mountPointOf(volume));

describeWithLab('tablespaces on other volumes of a Compose service', () => {
  test('replace the tablespace of the database that is replaced, and nobody takes it meanwhile', async () => {
    const backup = await fixture('barman-18');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using shop = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-spaces-in-place',
      major: 18,
      moreVolumes: { cold: formerPath },
    });
    await shop.compose('exec', '-u', '0', 'db', 'chown', 'postgres:postgres', formerPath);
    await shop.psql(`create tablespace former location '${formerPath}'`);
    await shop.psql('create table former_rows tablespace former as select generate_series(1, 1000)');
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const start = [
      ...['start', '-u', backup.url, '-e', s3.endpoint, '-v', 'pgdata', '-n', 'db', '-f', shop.file],
      ...shop.replaceFlags,
      ...['--project', shop.project, '--tablespace', `cold=${formerPath}`, '--json'],
    ];
    const unasked = await odo(start, { env });
    expect(unasked.exitCode).toBe(4);
    expect(unasked.stderr).toMatch(/its former tablespace, .* in volume odo-test-spaces-in-place_cold/);
    expect(await shop.psql('select count(*) from former_rows')).toBe('1000');

    const volume = 'odo-test-spaces-in-place_cold';
    const killed = await odo([...start, '--yes'], { env: { ...env, ODO_FAILPOINT: 'prepareTarget:marked' } });
    expect(killed.signal).toBe('SIGKILL');
    expect(await namesIn(volume)).toContain('.odo-run.json');
    expect((await odo([...start, '--yes'], { env })).exitCode).toBe(15);
    const runId = String(killed.events[0]?.runId);
    const again = await odo(['resume', runId], { env: { ...env, ODO_FAILPOINT: 'seal:tablespace_map' } });
    expect(again.signal).toBe('SIGKILL');
    const resumed = await odo(['resume', runId, '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await shop.psql(locationSql)).toBe(formerPath);
    expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
    expect(await namesIn(volume)).toEqual([expect.stringMatching(/^PG_18_\d{9}$/)]);
    expect(await run('docker', ['ps', '-aq', '--filter', `label=odo.run-id=${runId}`])).toBe('');
    await shop.compose('restart', 'db');
    await shop.untilReady();
    expect(await shop.psql(filePathSql)).toMatch(/^pg_tblspc\//);
  });

  test('are offered by the plan, and written through the engine', async () => {
    const backup = await fixture('basebackup-17-tablespace');
    const oid = backup.expected.tablespaces[0]?.oid;
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using shop = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-spaces-engine',
      major: 17,
      moreVolumes: { cold: formerPath },
    });
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const options = [
      ...['-u', backup.url, '-e', s3.endpoint, '-v', 'pgdata', '-n', 'db', '-f', shop.file],
      ...shop.replaceFlags,
      ...['--project', shop.project, '--volume-access', 'engine'],
    ];
    const choice = `--tablespace ${oid}=${formerPath}`;
    const plan = await odo(['plan', ...options, '--json'], { env });
    expect(JSON.stringify(plan.events[0]?.plan)).toContain(`to restore it there: ${choice}`);
    const result = await odo(['start', ...options, ...choice.split(' '), '--yes', '--json'], { env });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await shop.psql(locationSql)).toBe(formerPath);
    expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
    expect(await namesIn('odo-test-spaces-engine_cold')).toEqual([expect.stringMatching(/^PG_17_\d{9}$/)]);
  });

  test('beside a new volume for the data, while the service runs on until the switch-over', async () => {
    const backup = await fixture('basebackup-18');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using shop = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-spaces-new',
      major: 18,
      moreVolumes: { disk: '/disk' },
    });
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const start = (place: string) => [
      ...['start', '-u', backup.url, '-e', s3.endpoint, '-V', 'next', '-n', 'db', '-f', shop.file],
      ...['--project', shop.project, '--tablespace', `${formerPath}=${place}`, '--json'],
    ];
    const lost = await odo(start('/cold'), { env });
    expect(lost.exitCode).toBe(15);
    expect(lost.stderr).toMatch(/lost with the container/);
    expect(lost.stderr).toMatch(/\/disk \(disk\)/);
    const replaced = await odo(start('/var/lib/postgresql/cold'), { env });
    expect(replaced.exitCode).toBe(15);

    const killed = await odo(start('/disk/spaces/cold'), {
      env: { ...env, ODO_FAILPOINT: 'promote:after-completion' },
    });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    expect(await shop.psql('select note from old_rows')).toBe('written before the restore');
    const resumed = await odo(['resume', String(killed.events[0]?.runId), '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await shop.psql(locationSql)).toBe('/disk/spaces/cold');
    expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
  });
});

describeWithLab('tablespaces in directories of this host', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let as: { uid: number; gid: number; cwd: string };
  let wanted: string;
  const hotLocationSql = locationSql.replace('cold', 'hot');
  const sumSql = 'select count(*), sum(hashtext(t::text)) from archive_items t';

  /** Works with a running server; `tool` connects to it. */
  async function withServer<Result>(
    data: string,
    work: (
      tool: (program: 'psql' | 'pg_basebackup', ...args: string[]) => Promise<string>,
    ) => Promise<Result>,
  ): Promise<Result> {
    const settings = `-c listen_addresses='' -c unix_socket_directories=${directory.path} -c fsync=off`;
    const pgCtl = (...args: string[]) => run(join(binDir15, 'pg_ctl'), ['-D', data, '-w', ...args], as);
    await pgCtl('-l', join(directory.path, 'log'), '-o', settings, 'start');
    try {
      return await work((program, ...args) =>
        run(join(binDir15, program), ['-h', directory.path, '-U', 'postgres', ...args], as),
      );
    } finally {
      await pgCtl('-m', 'fast', 'stop');
    }
  }

  beforeAll(async () => {
    directory = await temporaryDirectory();
    as = {
      uid: Number(await run('id', ['-u', 'postgres'])),
      gid: Number(await run('id', ['-g', 'postgres'])),
      cwd: '/',
    };
    await run('chown', ['postgres', directory.path]);
    const source = join(directory.path, 'source');
    const [cold, hot] = [join(directory.path, 'old-cold'), join(directory.path, 'old-hot')];
    await run('mkdir', [cold, hot], as);
    await run(join(binDir15, 'initdb'), ['-D', source, '-A', 'trust', '-N', '--no-locale'], as);
    wanted = await withServer(source, async (tool) => {
      const statements = [
        `create tablespace cold location '${cold}'`,
        `create tablespace hot location '${hot}'`,
        `create table archive_items tablespace cold as
           select i, md5(i::text) || md5((i * 7)::text) as note from generate_series(1, 90000) i`,
        'create table recent_items tablespace hot as select 1 as i',
      ];
      for (const statement of statements) await tool('psql', '-Xq', '-c', statement);
      const backup = join(directory.path, 'backups/b1');
      await tool('pg_basebackup', '-Ft', '-z', '-X', 'stream', '-c', 'fast', '-D', backup);
      return tool('psql', '-XAtq', '-c', sumSql);
    });
  }, 120_000);
  afterAll(() => directory[Symbol.asyncDispose]());

  const restoreArgs = (data: string, ...choices: string[]) => [
    ...['-u', `file://${directory.path}/backups`, '--data-dir', data],
    ...choices.flatMap((choice) => ['--tablespace', choice]),
  ];
  const env = () => ({ XDG_STATE_HOME: join(directory.path, 'state') });

  test('go on in the middle of an archive of a tablespace after a kill', async () => {
    const base = join(directory.path, 'restored');
    const [data, cold] = [join(base, 'data'), join(base, 'disk/cold')];
    const program = spawnOdo(
      [
        ...['start', ...restoreArgs(data, `${directory.path}/old-cold=${cold}`), '--json'],
        ...['--checkpoint-size', '1MiB', '--max-rate', '2MiB/s', '--jobs', '2'],
      ],
      { env: env() },
    );
    const item = /"type":"checkpoint","phase":"restoreBase","item":"(\d+)\.tar\.gz"/;
    await program.until('a checkpoint in the tablespace', ({ stdout }) => item.test(stdout));
    program.kill();
    const { events, stdout } = await program.ended;
    expect(stdout).not.toContain('"phase":"restoreBase","state":"completed"');
    expect(await readdir(cold)).toContain('.odo-run.json');
    const resumed = await odo(['resume', String(events[0]?.runId), '--json'], { env: env() });
    expect(resumed.exitCode, resumed.stderr).toBe(0);

    const found = await withServer(data, (tool) =>
      tool('psql', '-XAtq', '-c', sumSql, '-c', locationSql, '-c', filePathSql, '-c', hotLocationSql),
    );
    expect(found.split('\n')).toEqual([
      wanted,
      cold,
      expect.stringMatching(/^pg_tblspc\/\d+\/PG_15/),
      expect.stringMatching(new RegExp(`^${data}/odo_tablespaces/\\d+$`)),
    ]);
    expect(await readdir(cold)).toEqual([expect.stringMatching(/^PG_15_\d{9}$/)]);
    expect(await readdir(join(base, 'disk'))).toEqual(['cold']);
    expect((await readdir(base)).sort()).toEqual(['data', 'disk']);
    const stats = await lstat(cold);
    expect([stats.uid, stats.mode & 0o777]).toEqual([as.uid, 0o700]);
  });

  test('are never taken from a server that runs', async () => {
    const data = join(directory.path, 'refused');
    const args = restoreArgs(data, `${directory.path}/old-cold=${directory.path}/old-cold`);
    const plan = async () => (await odo(['plan', ...args], { env: env() })).stderr;
    expect(await withServer(join(directory.path, 'source'), plan)).toMatch(
      /old-cold is in use by PostgreSQL, pid \d+, as its tablespace \d+/,
    );
  });

  test.for([
    { what: 'a place with files', choices: ['@/old-cold=@/full'], exitCode: 15, says: /holds files already/ },
    { what: 'the source’s own', choices: ['@/old-cold=@/old-cold'], exitCode: 15, says: /another database/ },
    {
      what: 'a data directory’s inside',
      choices: ['@/old-cold=@/source/base/new'],
      exitCode: 4,
      says: /data directory/,
    },
    {
      what: 'its own data directory’s inside',
      choices: ['@/old-cold=@/refused/new'],
      exitCode: 4,
      says: /lies in the data/,
    },
    {
      what: 'one directory for two, by a link',
      choices: ['@/old-cold=@/link/new', '@/old-hot=@/plain/new'],
      exitCode: 4,
      says: /would both be in/,
    },
    {
      what: 'more than there is space',
      choices: ['@/old-cold=@/new', '--reserve=900TiB'],
      exitCode: 14,
      says: /has room for/,
    },
  ])('are refused before anything is touched: $what', async ({ choices, exitCode, says }) => {
    await mkdir(join(directory.path, 'full'), { recursive: true });
    await mkdir(join(directory.path, 'plain'), { recursive: true });
    await writeFile(join(directory.path, 'full/file'), '');
    await symlink('plain', join(directory.path, 'link')).catch(() => {});
    const at = (text: string) => text.replaceAll('@', directory.path);
    const [flags, places] = [
      choices.filter((one) => one.startsWith('-')),
      choices.filter((one) => !one.startsWith('-')),
    ];
    const before = await readdir(directory.path);
    const args = restoreArgs(join(directory.path, 'refused'), ...places.map(at));
    const result = await odo(['start', ...args, ...flags, '--yes'], { env: env() });
    expect(result.exitCode, result.stderr).toBe(exitCode);
    expect(result.stderr).toMatch(says);
    expect(await readdir(directory.path)).toEqual(before);
    expect(await readdir(join(directory.path, 'plain'))).toEqual([]);
  });
});
