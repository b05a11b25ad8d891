import { expect, test } from 'vitest';
import { barmanCodecFixture, barmanCodecs } from '../lab/barman-codec-fixtures.ts';
import { readTableFacts } from '../lab/psql.ts';
import { startS3 } from '../lab/s3-server.ts';
import { startComposeProject } from '../support/compose-project.ts';
import { odo } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('a backup that barman itself compressed with', () => {
  test.each(barmanCodecs)(
    '%s comes back with every row of its archive although odo is killed in its middle',
    async (name) => {
      const { major, codec, url, storageDir, tables } = await barmanCodecFixture(name);
      await using s3 = await startS3({ storageDir });
      await using directory = await temporaryDirectory();
      await using shop = await startComposeProject({
        directory: directory.path,
        name: `odo-test-barman-codec-${name}`,
        major,
      });
      const env = { ...s3.env, XDG_STATE_HOME: directory.path };
      const killed = await odo(
        [
          ...['start', '-u', url, '-e', s3.endpoint, '-v', 'pgdata', '-n', 'db', '-f', shop.file],
          ...shop.replaceFlags,
          ...['--project', shop.project, '--checkpoint-size', '4MiB', '--yes', '--json'],
        ],
        { env: { ...env, ODO_FAILPOINT: 'checkpoint:after#4' } },
      );
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      expect(killed.stdout).toContain(`"codec":"${codec}"`);
      const resumed = await odo(['resume', String(killed.events[0]?.runId), '--json'], { env });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await readTableFacts(shop.psql)).toEqual(tables);
    },
  );
});
