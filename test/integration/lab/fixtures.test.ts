import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FixtureName } from '../../lab/fixture-list.ts';
import { type Fixture, fixture } from '../../lab/fixtures.ts';
import { imageName } from '../../lab/images.ts';
import { psqlInContainer, readTableFacts } from '../../lab/psql.ts';
import { run } from '../../lab/run-command.ts';
import { s3Keys, startS3 } from '../../lab/s3-server.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { describeWithLab } from '../../support/with-lab.ts';

/** The restore as barman's own tools do it, into /restore. */
function barmanRestore(backup: Fixture, endpoint: string): string {
  const server = `--endpoint-url ${endpoint} s3://${backup.bucket}/${backup.prefix} ${backup.serverName}`;
  const spaces = backup.expected.tablespaces
    .map((space) => `--tablespace ${space.name}:/restore-${space.name}`)
    .join(' ');
  return `barman-cloud-restore ${spaces} ${server} ${backup.expected.backups[0]} /restore/pgdata
    cd /restore/pgdata
    echo "restore_command = 'barman-cloud-wal-restore ${server} %f %p'" >> postgresql.auto.conf
    touch recovery.signal`;
}

/** The restore as the manual describes it for pg_basebackup's tar format. */
function tarRestore(backup: Fixture, storage: string): string {
  const folder = join(storage, backup.bucket, backup.prefix, backup.expected.backups[0] ?? '');
  const suffix = backup.expected.compression === 'gzip' ? '.tar.gz' : '.tar';
  const spaces = backup.expected.tablespaces.map(
    ({ oid, name }) => `
      mkdir -m 700 /restore-${name}
      tar -C /restore-${name} -xf- ${suffix === '.tar.gz' ? '-z' : ''} < ${folder}/${oid}${suffix}._S3rver_object
      sed -i 's|^${oid} .*|${oid} /restore-${name}|' tablespace_map`,
  );
  const gz = suffix === '.tar.gz' ? '-z' : '';
  return `mkdir -m 700 /restore/pgdata
    cd /restore/pgdata
    tar -x ${gz} -f - < ${folder}/base${suffix}._S3rver_object
    tar -x ${gz} -f - -C pg_wal < ${folder}/pg_wal${suffix}._S3rver_object
    ${spaces.join('\n')}`;
}

describeWithLab('a fixture of the lab, restored by the tools that made it', () => {
  const names: FixtureName[] = [
    'barman-15',
    'barman-17',
    'barman-18',
    'basebackup-15',
    'basebackup-17-tablespace',
  ];
  test.each(names)('%s holds what is recorded beside it', async (name) => {
    const backup = await fixture(name);
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const { major } = backup.expected;
    const container = `odo-lab-check-${name}`;
    const restore =
      backup.kind === 'barman' ? barmanRestore(backup, s3.endpoint) : tarRestore(backup, '/storage');
    const script = `set -e
      chown postgres /restore /
      setpriv --reuid=postgres --regid=postgres --init-groups sh -ec "$RESTORE"
      PGDATA=/restore/pgdata exec docker-entrypoint.sh postgres -c listen_addresses= -c archive_mode=off -c port=5439`;
    const env = { ...s3.env, AWS_ACCESS_KEY_ID: s3Keys.accessKeyId, RESTORE: restore };
    await run('docker', ['rm', '-fv', container]).catch(() => {});
    await run('docker', [
      ...[
        'run',
        '-d',
        '--name',
        container,
        '--network',
        'host',
        '-v',
        `${backup.storageDir}:/storage:ro`,
        '-v',
        '/restore',
      ],
      ...Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
      ...['--entrypoint', 'bash', imageName(major), '-c', script],
    ]);
    try {
      const psql = psqlInContainer(container, { port: 5439 });
      await waitUntil(
        `${container} is promoted`,
        async () => {
          if ((await run('docker', ['inspect', '-f', '{{.State.Running}}', container])) !== 'true')
            return 'ended';
          return (await psql('select not pg_is_in_recovery()')) === 't' && 'promoted';
        },
        { deadlineMs: 180_000 },
      ).then(async (state) => {
        if (state === 'ended') throw new Error(await run('docker', ['logs', container]));
      });
      expect(await readTableFacts(psql)).toEqual(backup.expected.atLatest.tables);
      const identifier = await psql('select system_identifier from pg_control_system()');
      expect(identifier).toBe(backup.expected.systemIdentifier);
    } finally {
      await run('docker', ['rm', '-fv', container]);
    }
  });

  test('barman-17 consists of several archives', async () => {
    const backup = await fixture('barman-17');
    const listing = await run('find', [
      join(backup.storageDir, backup.bucket),
      '-name',
      'data*.tar.gz._S3rver_object',
    ]);
    expect(listing.split('\n').length).toBeGreaterThan(1);
  });
});
