import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { startComposeProject } from '../support/compose-project.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { wholeDigest } from '../support/whole-digest.ts';
import { describeWithLab } from '../support/with-lab.ts';

const volumeDigest = async (volume: string): Promise<string> =>
  wholeDigest(await run('docker', ['volume', 'inspect', '-f', '{{.Mountpoint}}', volume]));

const leftOfRun = async (runId: string): Promise<string> =>
  [
    await run('docker', ['ps', '-aq', '--filter', `label=odo.run-id=${runId}`]),
    await run('docker', ['volume', 'ls', '-q', '--filter', `name=odo-${runId}`]),
  ].join('');

const cases = [
  { name: 'barman-15', major: 15, access: 'direct' },
  { name: 'barman-17', major: 17, access: 'engine' },
  { name: 'barman-18', major: 18, access: 'direct' },
  { name: 'basebackup-17-tablespace', major: 17, access: 'direct' },
  { name: 'basebackup-18', major: 18, access: 'engine' },
] as const;

describeWithLab('a restore into the volume of a running Compose service', () => {
  test.for(cases)(
    'of $name, $access access: cleans, recovers, promotes and starts it',
    async ({ name, major, access }) => {
      const backup = await fixture(name);
      await using s3 = await startS3({ storageDir: backup.storageDir });
      await using directory = await temporaryDirectory();
      await using shop = await startComposeProject({
        directory: directory.path,
        name: `odo-test-${name}`,
        major,
      });
      const composeBefore = await readFile(shop.file, 'utf8');
      const result = await odo(
        [
          ...['start', '-u', backup.url, '-e', s3.endpoint, '-v', 'pgdata', '-n', 'db', '-f', shop.file],
          ...shop.replaceFlags,
          ...['--project', shop.project, '--volume-access', access, '--yes', '--json'],
        ],
        { env: { ...s3.env, XDG_STATE_HOME: directory.path } },
      );
      expect(result.exitCode, result.stderr).toBe(0);
      expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
      expect(await shop.psql('select pg_is_in_recovery()')).toBe('f');
      expect(await shop.psql("select to_regclass('old_rows') is null")).toBe('t');
      expect(await shop.psql('select system_identifier from pg_control_system()')).toBe(
        backup.expected.systemIdentifier,
      );
      for (const tablespace of backup.expected.tablespaces) {
        expect(await shop.psql(`select pg_tablespace_size('${tablespace.name}') > 0`)).toBe('t');
      }
      expect(await readFile(shop.file, 'utf8')).toBe(composeBefore);
      expect(await leftOfRun(String(result.events[0]?.runId))).toBe('');
      // It is the service's own and survives a restart.
      await shop.compose('restart', 'db');
      await shop.untilReady();
      expect(await shop.psql('select count(*) from life')).toBe(
        String(backup.expected.atLatest.tables.life?.rows),
      );
    },
  );

  test('without --yes and without a terminal is refused, and the service runs on', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using shop = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-ask',
      major: 15,
    });
    const result = await odo(
      [
        'start',
        '-u',
        backup.url,
        '-e',
        s3.endpoint,
        '-v',
        'pgdata',
        '-n',
        'db',
        '-f',
        shop.file,
        '--project',
        shop.project,
        ...shop.replaceFlags,
      ],
      { env: { ...s3.env, XDG_STATE_HOME: directory.path } },
    );
    expect(result.exitCode).toBe(4);
    expect(result.stderr).toMatch(/--yes/);
    expect(result.stderr).toMatch(/-V/);
    expect(await shop.psql('select note from old_rows')).toBe('written before the restore');
    const runs = await odo(['status', '--json'], { env: { XDG_STATE_HOME: directory.path } });
    expect(runs.stdout).toContain('"status":"refused"');
  });

  test('replaces postgresql.auto.conf with -c', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using shop = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-override',
      major: 15,
    });
    const override = `${directory.path}/my.auto.conf`;
    await run('sh', ['-c', `echo "work_mem = '7MB'" > ${override}`]);
    const result = await odo(
      [
        ...['start', '-u', backup.url, '-e', s3.endpoint, '-v', 'pgdata', '-n', 'db', '-f', shop.file],
        ...shop.replaceFlags,
        ...['--project', shop.project, '-c', override, '--yes', '--json'],
      ],
      { env: { ...s3.env, XDG_STATE_HOME: directory.path } },
    );
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await shop.psql('show work_mem')).toBe('7MB');
  });
});

describeWithLab('a restore into a new volume', () => {
  test.for(['barman-17', 'barman-18'] as const)(
    'of %s leaves the old volume byte-identical and changes only the volume in the Compose file',
    async (name) => {
      const backup = await fixture(name);
      const { major } = backup.expected;
      await using s3 = await startS3({ storageDir: backup.storageDir });
      await using directory = await temporaryDirectory();
      const project = `odo-test-new-${name}`;
      await using shop = await startComposeProject({
        directory: directory.path,
        name: project,
        major,
        running: false,
      });
      const before = { volume: await volumeDigest(shop.volume), file: await readFile(shop.file, 'utf8') };
      const result = await odo(
        [
          ...[
            'start',
            '-u',
            backup.url,
            '-e',
            s3.endpoint,
            '-V',
            'pgdata_restored',
            '-n',
            'db',
            '-f',
            shop.file,
          ],
          ...['--project', shop.project, '--json'],
        ],
        { env: { ...s3.env, XDG_STATE_HOME: directory.path } },
      );
      expect(result.exitCode, result.stderr).toBe(0);
      expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
      expect(await volumeDigest(shop.volume)).toBe(before.volume);
      const after = await readFile(shop.file, 'utf8');
      expect(after).toContain('Ask operations before you touch the volume!');
      expect(after).toContain('- pgdata_restored:');
      const withoutNew = after
        .split('\n')
        .filter((line) => line.trim() !== 'pgdata_restored:')
        .join('\n')
        .replace('- pgdata_restored:', '- pgdata:');
      expect(withoutNew).toBe(before.file);
      await shop.compose('up', '-d');
      await shop.untilReady();
      expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
    },
  );

  test('stops the running service only at the switch-over', async () => {
    const backup = await fixture('barman-17');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using shop = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-late-stop',
      major: 17,
    });
    const args = [
      ...['start', '-u', backup.url, '-e', s3.endpoint, '-V', 'next', '-n', 'db', '-f', shop.file],
      ...['--project', shop.project, '--json'],
    ];
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'promote:after-completion' } });
    expect(killed.signal).toBe('SIGKILL');
    // Everything is restored beside it, and the old database still answers.
    expect(await shop.psql('select note from old_rows')).toBe('written before the restore');
    const resumed = await odo(['resume', String(killed.events[0]?.runId), '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
  });
});
