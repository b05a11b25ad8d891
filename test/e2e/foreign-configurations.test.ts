import { expect, test } from 'vitest';
import type { RestorePlan } from '../../src/steps/restore-plan.ts';
import { foreignConfiguration, foreignFixture, shopkeeper, shopQuestion } from '../lab/foreign-fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { type ComposeProject, startComposeProject } from '../support/compose-project.ts';
import { type OdoResult, odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** As an application's container would: over the network of the project, with a password. */
async function askAsClient({ project }: ComposeProject, sql: string): Promise<string> {
  const { user, password, database } = shopkeeper;
  const client = ['--rm', '--network', `${project}_default`, '-e', `PGPASSWORD=${password}`];
  const psql = ['psql', '-XAtqw', '-h', 'db', '-U', user, '-d', database, '-c', sql];
  return run('docker', ['run', ...client, '--entrypoint', 'env', imageName(17), ...psql]);
}

const startArguments = (url: string, endpoint: string, shop: ComposeProject): string[] => [
  ...['-u', url, '-e', endpoint, '-v', 'pgdata', '-n', 'db', '-f', shop.file],
  ...shop.replaceFlags,
  ...['--project', shop.project, '--json'],
];

const noticesOf = ({ events }: OdoResult): string =>
  events.flatMap((event) => (event['type'] === 'notice' ? [String(event['message'])] : [])).join('\n');

const inVolume = (shop: ComposeProject, command: string): Promise<string> =>
  shop.compose('exec', '-T', 'db', 'sh', '-c', `cd "$PGDATA" && ${command}`);

/** As docs/leftover-configuration.md says. */
const undo = `sed -i -E '/^# odo [^ ]+: /d; / # odo [^ ]+$/d; s/^#odo [^ ]+# //'`;

const archivingOff = /archive_mode = 'off'.*must not write into the archive/;

const cases = [
  {
    name: 'foreign-cloudnative',
    shows: { ssl: 'off', wal_level: 'logical', work_mem: '6MB' },
    preloads: 'pg_stat_statements',
    tells: [
      /ssl = 'off' in custom\.conf: .*\/controller\/certificates/,
      /primary_conninfo commented out in override\.conf/,
      archivingOff,
    ],
  },
  {
    name: 'foreign-debian',
    shows: { ssl: 'off', port: '5432', listen_addresses: '*', max_connections: '120', lc_messages: 'C' },
    preloads: '',
    tells: [/data_directory commented out/, /host all all all scram-sha-256 in pg_hba\.conf/, archivingOff],
  },
  {
    name: 'foreign-bitnami',
    shows: { logging_collector: 'off', max_wal_senders: '16' },
    preloads: '',
    tells: [/hba_file commented out/, /pgaudit/],
  },
] as const;

describeWithLab('a data directory of another way to run PostgreSQL, under a plain image', () => {
  test.for(cases)(
    '$name starts, and answers a client over TCP with a password',
    async ({ name, shows, preloads, tells }) => {
      const backup = await foreignFixture(name);
      await using s3 = await startS3({ storageDir: backup.storageDir });
      await using directory = await temporaryDirectory();
      const project = { directory: directory.path, name: `odo-test-${name}`, major: backup.major };
      await using shop = await startComposeProject(project);
      const env = { ...s3.env, XDG_STATE_HOME: directory.path };
      const result = await odo(['start', ...startArguments(backup.url, s3.endpoint, shop), '--yes'], { env });
      expect(result.exitCode, result.stderr).toBe(0);
      expect(await askAsClient(shop, shopQuestion.sql)).toBe(shopQuestion.answer);

      for (const [setting, value] of Object.entries({ archive_mode: 'off', ...shows })) {
        expect(await askAsClient(shop, `show ${setting}`), setting).toBe(value);
      }
      expect(await inVolume(shop, 'postgres -C shared_preload_libraries')).toBe(preloads);
      for (const pattern of tells) expect(noticesOf(result)).toMatch(pattern);
      // Every file can be had back as it was.
      for (const [file, text] of Object.entries(foreignConfiguration(name))) {
        const undone = `cp ${file} /tmp/undone && ${undo} /tmp/undone && cat /tmp/undone`;
        expect(await inVolume(shop, undone)).toBe(text.trim());
      }
    },
  );

  test('with nothing of its configuration in the backup starts too, with the maxima of the source', async () => {
    const backup = await foreignFixture('foreign-debian');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const project = { directory: directory.path, name: 'odo-test-no-conf', major: backup.major };
    await using shop = await startComposeProject(project);
    const args = ['start', ...startArguments(backup.baseBackupUrl, s3.endpoint, shop), '--yes'];
    const result = await odo(args, { env: { ...s3.env, XDG_STATE_HOME: directory.path } });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await askAsClient(shop, 'select count(*) from wares')).toBe('2');
    expect(await inVolume(shop, 'cat postgresql.conf')).toContain("max_connections = '100'");
  });

  test('is planned with its edits, and fails as it is with --keep-config', async () => {
    const backup = await foreignFixture('foreign-cloudnative');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const project = { directory: directory.path, name: 'odo-test-keep', major: backup.major };
    await using shop = await startComposeProject(project);
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const args = startArguments(backup.url, s3.endpoint, shop);

    const planned = await odo(['plan', ...args], { env });
    expect(planned.exitCode, planned.stderr).toBe(0);
    const event = planned.events.find(({ type }) => type === 'plan') ?? {};
    const { server, configuration } = event['plan'] as RestorePlan;
    expect(server?.libc).toMatch(/^glibc 2\./);
    expect(server?.version).toMatch(/^17\./);
    expect(configuration?.source).toMatchObject({ origin: 'CloudNativePG', missingLibraries: ['pgaudit'] });
    const edits = configuration?.source?.edits.map(({ text }) => text).join('\n');
    expect(edits).toMatch(/ssl = 'off' in custom\.conf/);

    const kept = await odo(['start', ...args, '--yes', '--keep-config'], { env });
    expect(kept.exitCode).toBe(5);
    expect(kept.stderr).toMatch(/could not access file "pgaudit"/);
  });

  test('whose proof is killed is edited and proved again, with the same result', async () => {
    const backup = await foreignFixture('foreign-cloudnative');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const project = { directory: directory.path, name: 'odo-test-proof', major: backup.major };
    await using shop = await startComposeProject(project);
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const args = ['start', ...startArguments(backup.url, s3.endpoint, shop), '--yes'];
    const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'configureDatabase:proving' } });
    expect(killed.signal).toBe('SIGKILL');
    const resumed = await odo(['resume', String(killed.events[0]?.['runId']), '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await askAsClient(shop, shopQuestion.sql)).toBe(shopQuestion.answer);
    expect(noticesOf(resumed)).toMatch(/ssl = 'off' in custom\.conf/);
    expect(await inVolume(shop, "grep -c '^ssl = ' custom.conf")).toBe('1');
  });
});
