import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../lab/run-command.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { type ArchivingService, startArchivingService } from '../support/archiving-service.ts';
import { documentedPolicy } from '../support/documented-policy.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { odo, spawnOdo } from '../support/odo-program.ts';
import { type PolicedS3, policedS3 } from '../support/policed-s3.ts';
import { readDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const name = 'odo-test-backup';
const walsenders = `select count(*) from pg_stat_activity where backend_type = 'walsender'`;

describeWithLab('odo backup of a running Compose service', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let s3: S3Server;
  let service: ArchivingService;
  let policed: PolicedS3;
  let store: FaultProxy;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    s3 = await startS3({ storageDir: join(directory.path, 's3'), buckets: ['backups'] });
    service = await startArchivingService(s3, { directory: directory.path, name });
    policed = await policedS3(s3.endpoint, documentedPolicy('backups', '*', 'backing-up.md'));
    store = await startFaultProxy(policed.endpoint);
  }, 120_000);

  afterAll(async () => {
    await store?.[Symbol.asyncDispose]();
    await policed?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await s3?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  const at = (folder: string) => ['-u', `s3://backups/${folder}`, '-e', store.endpoint];
  const ofService = ({ file } = service, project = name) => ['-n', 'db', '-f', file, '--project', project];
  const env = () => ({ ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') });
  const keysBelow = async (prefix: string): Promise<string[]> => {
    const { Contents = [] } = await s3.client.send(
      new ListObjectsV2Command({ Bucket: 'backups', Prefix: prefix }),
    );
    return Contents.flatMap(({ Key }) => Key ?? []);
  };

  test('is restored with the archived WAL to a moment behind it', async () => {
    await service.psql('create table rows (note text)');
    await service.psql(`insert into rows values ('before the backup')`);
    const taken = await odo(['backup', ...at('main'), ...ofService(), '--label', 'release=2.4', '--json'], {
      env: env(),
    });
    expect(taken.exitCode, taken.stderr).toBe(0);
    const { backup } = taken.events.at(-1) as { backup: { id: string; objects: { name: string }[] } };
    const names = [
      ...backup.objects.map((object) => object.name),
      'odo-backup.begun.json',
      'odo-backup.json',
    ];
    expect(await keysBelow('main/')).toEqual(names.sort().map((key) => `main/${backup.id}/${key}`));
    await service.psql(`insert into rows values ('behind the backup')`);
    const moment = await service.psql('select clock_timestamp()');
    await service.psql(`insert into rows values ('behind the moment')`);
    await service.untilArchived();

    const listed = await odo(['backups', ...at('main'), '--json'], { env: env() });
    expect(listed.events[0], listed.stderr).toMatchObject({
      ...{ id: backup.id, restorable: true, name: 'release=2.4', serverMajor: 15, holdsWal: true },
    });
    const data = join(directory.path, 'data');
    const started = await odo(
      [
        ...['start', ...at('main'), '--wal-url', 's3://backups/main-wal', '--data-dir', data],
        ...['--target-time', moment, '--no-sync', '--yes'],
      ],
      { env: env() },
    );
    expect(started.exitCode, started.stderr).toBe(0);
    const notes = await readDirectory(data, (psql) => psql('select note from rows order by 1', 'postgres'));
    expect(notes.split('\n')).toEqual(['before the backup', 'behind the backup']);
  });

  test.for([17, 18] as const)(
    'of PostgreSQL %i, restored over the service it was taken of',
    async (major) => {
      const project = `${name}-${major}`;
      await using newer = await startArchivingService(s3, {
        directory: directory.path,
        name: project,
        major,
      });
      const ofNewer = ofService(newer, project);
      await newer.psql('create table rows (note text)');
      await newer.psql(`insert into rows values ('before the backup')`);
      const taken = await odo(['backup', ...at(project), ...ofNewer, '--json'], { env: env() });
      expect(taken.exitCode, taken.stderr).toBe(0);
      await newer.psql(`insert into rows values ('behind the backup')`);
      const started = await odo(['start', ...at(project), '-v', 'pgdata', ...ofNewer, '--yes', '--json'], {
        env: env(),
      });
      expect(started.exitCode, started.stderr).toBe(0);
      expect(started.events).toContainEqual(
        expect.objectContaining({ type: 'outcome', status: 'completed' }),
      );
      expect(await newer.psql(`select note from rows`)).toBe('before the backup');
      expect(await newer.psql(`select current_setting('server_version_num')::int / 10000`)).toBe(
        String(major),
      );
    },
  );

  test('of the same server by a connection string, it takes the place of the one that is no longer kept', async () => {
    const before = await keysBelow('main/');
    const conninfo = `host=127.0.0.1 port=${service.port} user=postgres`;
    const taken = await odo(
      [
        'backup',
        ...at('main'),
        '--conninfo',
        conninfo,
        '--compression',
        'gzip',
        '--keep-last',
        '1',
        '--json',
      ],
      { env: { ...env(), PGPASSWORD: service.password } },
    );
    expect(taken.exitCode, taken.stderr).toBe(0);
    const [{ backup }, removed] = taken.events.slice(-2) as [{ backup: { id: string } }, { id: string }];
    expect(removed).toMatchObject({ type: 'removed', reason: 'retention' });
    expect(before[0]).toContain(`/${removed.id}/`);
    const listed = await odo(['backups', ...at('main'), '--json'], { env: env() });
    expect(listed.events).toMatchObject([
      { id: backup.id, restorable: true, codec: 'gzip' },
      { type: 'window' },
    ]);
    expect(taken.stdout + taken.stderr).not.toContain(service.password);
    expect(await keysBelow(`main/${removed.id}/`)).toEqual([]);
  });

  const interruptions = {
    'the server ends the connection': {
      interrupt: async () => {
        await service.psql(
          `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'walsender'`,
        );
      },
      exitCode: 5,
      says: /pg_basebackup ended with exit code 1: pg_basebackup: error: could not read COPY data/,
    },
    'odo is interrupted': {
      interrupt: async (odoPid: number) => {
        process.kill(odoPid, 'SIGINT');
      },
      exitCode: 130,
      says: /nothing of this backup will be left/,
    },
  };

  test.for(Object.entries(interruptions))('when %s in the middle, nothing is left', async ([what, how]) => {
    const folder = `broken-${what.replaceAll(' ', '-')}`;
    // Random bytes, so that they stay as many: several parts of the upload are waited for.
    await run('docker', [
      ...['exec', '-u', 'postgres', service.container, 'sh', '-c'],
      'head -c 70000000 /dev/urandom > $PGDATA/filler',
    ]);
    let isOver = false;
    const isPart = ({ method, path }: { method: string; path: string }) =>
      method === 'PUT' && path.includes('partNumber');
    store.fault = (request) =>
      isPart(request) && !isOver ? { kind: 'status', status: 503, code: 'SlowDown' } : null;
    const program = spawnOdo(['backup', ...at(folder), ...ofService()], { env: env() });
    await program.until('parts are sent', () =>
      store.requests.some((request) => isPart(request) && request.path.includes(folder)),
    );
    await how.interrupt(program.pid);
    isOver = true;
    const ended = await program.ended;
    expect(ended.exitCode, ended.stderr).toBe(how.exitCode);
    expect(ended.stderr).toMatch(how.says);
    expect(await keysBelow(folder)).toEqual([]);
    const aborted = store.requests.filter(
      ({ method, path }) => method === 'DELETE' && path.includes(folder) && path.includes('uploadId'),
    );
    expect(aborted).toHaveLength(1);
    await waitUntil('no pg_basebackup runs', async () => (await service.psql(walsenders)) === '0');
    store.fault = () => null;
  });

  test('with a tablespace, without the right to it, or of no server, it is refused and nothing is written', async () => {
    await service.psql('create role plain login');
    const refusals = [
      [['--container', 'odo-test-no-such-container'], 15, /There is no container/],
      [['--conninfo', 'host=127.0.0.1 port=1 user=plain'], 4, /cannot be asked: .*Connection refused/],
      [
        ['--conninfo', `host=127.0.0.1 port=${service.port} user=plain`],
        4,
        /cannot be asked: .*walsender[^]*ALTER ROLE name REPLICATION/,
      ],
      [['--conninfo', 'host=db1 password=hush-hush'], 2, /holds a password/],
    ] as const;
    for (const [server, exitCode, says] of refusals) {
      const refused = await odo(['backup', ...at('refused'), ...server], { env: env(), cwd: directory.path });
      expect(refused.exitCode, refused.stderr).toBe(exitCode);
      expect(refused.stderr).toMatch(says);
    }
    await run('docker', ['exec', '-u', 'postgres', service.container, 'mkdir', '-p', '/tmp/cold']);
    await service.psql(`create tablespace cold location '/tmp/cold'`);
    const refused = await odo(['backup', ...at('refused'), ...ofService()], { env: env() });
    await service.psql('drop tablespace cold');
    expect(refused.exitCode, refused.stderr).toBe(4);
    expect(refused.stderr).toContain('has tablespaces (cold)');
    expect(await keysBelow('refused')).toEqual([]);
  });
});
