import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { startComposeProject } from '../support/compose-project.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** What only a run with a service passes, and what runs differently through the engine. */
const points = [
  { failpoint: 'stopService:after-effect', newVolume: false, access: 'direct' },
  { failpoint: 'prepareTarget:marked', newVolume: false, access: 'engine' },
  { failpoint: 'restoreBase:after-intent#2', newVolume: false, access: 'engine' },
  { failpoint: 'archive:saved', newVolume: false, access: 'engine' },
  { failpoint: 'seal:backup_label', newVolume: false, access: 'engine' },
  { failpoint: 'seal:tablespace_map', newVolume: false, access: 'direct' },
  { failpoint: 'promote:ready', newVolume: false, access: 'engine' },
  { failpoint: 'switchOver:stopped', newVolume: true, access: 'direct' },
  { failpoint: 'switchOver:after-effect', newVolume: true, access: 'engine' },
  { failpoint: 'startService:after-effect', newVolume: true, access: 'direct' },
  { failpoint: 'verify:after-effect', newVolume: false, access: 'direct' },
] as const;

describeWithLab('SIGKILL of a run with a Compose service, then odo resume', () => {
  test.concurrent.for(points)('at $failpoint, $access access', async ({ failpoint, newVolume, access }) => {
    // A tablespace, so that every point is passed.
    const backup = await fixture('barman-18');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const project = `odo-test-kill-${failpoint.replaceAll(/[^a-z]+/gi, '-').toLowerCase()}`;
    await using shop = await startComposeProject({ directory: directory.path, name: project, major: 18 });
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const killed = await odo(
      [
        ...[
          'start',
          '-u',
          backup.url,
          '-e',
          s3.endpoint,
          newVolume ? '-V' : '-v',
          newVolume ? 'next' : 'pgdata',
        ],
        ...['-n', 'db', '-f', shop.file, '--project', project, '--volume-access', access],
        ...['--checkpoint-size', '16MiB', ...shop.replaceFlags, '--yes', '--json'],
      ],
      { env: { ...env, ODO_FAILPOINT: failpoint } },
    );
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    const runId = String(killed.events[0]?.runId);
    const resumed = await odo(['resume', runId, '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
    expect(await run('docker', ['ps', '-aq', '--filter', `label=odo.run-id=${runId}`])).toBe('');
    expect(await run('docker', ['volume', 'ls', '-q', '--filter', `name=odo-${runId}`])).toBe('');
  });
});
