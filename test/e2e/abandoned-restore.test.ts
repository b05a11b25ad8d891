import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { imageName } from '../lab/images.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const volume = `odo-test-abandoned-${process.pid}`;

/** In the volume, through a container: as an operator would look. */
const inVolume = (...argv: readonly [string, ...string[]]): Promise<string> => {
  const [program, ...args] = argv;
  return run('docker', [
    'run',
    '--rm',
    '-v',
    `${volume}:/v`,
    '--entrypoint',
    program,
    imageName(17),
    ...args,
  ]);
};

describeWithLab('a restore into a volume of the operator’s, given up through the engine', () => {
  test.for([{ was: 'empty' }, { was: 'a database' }])(
    'leaves the volume, and in it nothing, when it was $was',
    async ({ was }) => {
      const backup = await fixture('basebackup-17');
      await using s3 = await startS3({ storageDir: backup.storageDir });
      await using directory = await temporaryDirectory();
      const env = { ...s3.env, XDG_STATE_HOME: directory.path };
      await run('docker', ['volume', 'create', volume]);
      try {
        if (was === 'a database') await inVolume('sh', '-c', 'mkdir /v/global && echo 17 >/v/PG_VERSION');
        const started = await odo(
          [
            ...['start', '-u', backup.url, '-e', s3.endpoint, '-v', volume, '--image', imageName(17)],
            ...['--volume-access', 'engine', '--yes', '--json'],
          ],
          { env: { ...env, ODO_FAILPOINT: 'promote:ready' } },
        );
        expect(started.signal, started.stderr).toBe('SIGKILL');
        const runId = String(started.events[0]?.['runId']);
        expect(await inVolume('ls', '/v')).toContain('pg_wal');
        const given = await odo(['abandon', runId, '--yes', '--json'], { env });
        expect(given.exitCode, given.stderr).toBe(0);
        expect(await inVolume('ls', '-A', '/v')).toBe('');
        const ofRun = ['-q', '--filter', `label=odo.run-id=${runId}`];
        expect(await run('docker', ['ps', '-a', ...ofRun])).toBe('');
        expect(await run('docker', ['volume', 'ls', ...ofRun])).toBe('');
      } finally {
        await run('docker', ['volume', 'rm', volume]);
      }
    },
  );
});
