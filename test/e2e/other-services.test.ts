import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseControlFile } from '../../src/postgres/control-file.ts';
import { fixture } from '../lab/fixtures.ts';
import { imageLayout, imageName } from '../lab/images.ts';
import { psqlInContainer, readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { odo } from '../support/odo-program.ts';
import { binDir15 } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('a restore for a bare container', () => {
  test('stops it, restores its volume and starts it again', async () => {
    const backup = await fixture('basebackup-18');
    const name = 'odo-test-bare';
    const volume = `${name}-data`;
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const remove = async () => {
      await run('docker', ['rm', '-fv', name]).catch(() => {});
      await run('docker', ['volume', 'rm', '-f', volume]).catch(() => {});
    };
    await remove();
    try {
      const { volume: mountPoint } = imageLayout(18);
      await run('docker', [
        ...[
          'run',
          '-d',
          '--name',
          name,
          '--network',
          'none',
          '-e',
          'POSTGRES_PASSWORD=old',
          '-e',
          'POSTGRES_DB=app',
        ],
        ...['-v', `${volume}:${mountPoint}`, imageName(18)],
      ]);
      await waitUntil('the old database answers', () =>
        run('docker', ['exec', name, 'pg_isready', '-q', '-h', '127.0.0.1']).then(() => true),
      );
      const args = [
        'start',
        '-u',
        backup.url,
        '-e',
        s3.endpoint,
        '-v',
        volume,
        '--container',
        name,
        '--replace-system-id',
        await psqlInContainer(name)('select system_identifier from pg_control_system()'),
        '--yes',
        '--json',
      ];
      const result = await odo(args, { env: { ...s3.env, XDG_STATE_HOME: directory.path } });
      expect(result.exitCode, result.stderr).toBe(0);
      expect(await readTableFacts(psqlInContainer(name))).toEqual(backup.expected.atLatest.tables);
    } finally {
      await remove();
    }
  });
});

describeWithLab('a restore for a server of this host', () => {
  test('stops the running server, cleans its directory, restores and starts it again', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const uid = Number(await run('id', ['-u', 'postgres']));
    const as = { uid, gid: Number(await run('id', ['-g', 'postgres'])), cwd: '/' };
    await run('chown', ['postgres', directory.path]);
    await run(join(binDir15, 'initdb'), ['-D', data, '-A', 'trust', '-N'], as);
    const settings = `-c listen_addresses='' -c unix_socket_directories=${directory.path} -c port=54399`;
    const oldIdentifier = parseControlFile(await readFile(join(data, 'global/pg_control'))).systemIdentifier;
    const pgCtl = (...args: string[]) => run(join(binDir15, 'pg_ctl'), ['-D', data, '-w', ...args], as);
    await pgCtl('-l', join(directory.path, 'log'), '-o', settings, 'start');
    try {
      const override = join(directory.path, 'auto.conf');
      const lines = [
        "listen_addresses = ''",
        'port = 54398',
        `unix_socket_directories = '${directory.path}'`,
      ];
      await run('tee', [override], { input: `${lines.join('\n')}\n` });
      const result = await odo(
        [
          ...[
            'start',
            '-u',
            backup.url,
            '-e',
            s3.endpoint,
            '--data-dir',
            data,
            '--local',
            '--pg-bin',
            binDir15,
          ],
          ...['-c', override, '--replace-system-id', oldIdentifier, '--yes', '--json'],
        ],
        { env: { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') } },
      );
      expect(result.exitCode, result.stderr).toBe(0);
      const psql = (sql: string) =>
        run(
          join(binDir15, 'psql'),
          ['-XAtq', '-h', directory.path, '-p', '54398', '-U', 'postgres', '-d', 'app'],
          {
            ...as,
            input: sql,
          },
        );
      expect(await readTableFacts(psql)).toEqual(backup.expected.atLatest.tables);
    } finally {
      await pgCtl('-m', 'immediate', 'stop').catch(() => {});
    }
  });
});
