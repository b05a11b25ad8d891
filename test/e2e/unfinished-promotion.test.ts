import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startS3 } from '../lab/s3-server.ts';
import { smallFactsSql, smallFixture } from '../lab/small-fixtures.ts';
import { runIdOf } from '../support/drilled.ts';
import { odo } from '../support/odo-program.ts';
import { readDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('a server that was ended while it promoted', () => {
  test('recovers once more, and not only what WAL lies in its directory', async () => {
    const backup = await smallFixture();
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const killed = await odo(
      ['start', '-u', backup.urls['barman-cloud'], '-e', s3.endpoint, '--data-dir', data, '--json'],
      { env: { ...env, ODO_FAILPOINT: 'promote:after-intent' } },
    );
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    // What the server does first of all, and brings to disk before pg_control knows of a new timeline.
    await rm(join(data, 'recovery.signal'));
    const resumed = await odo(['resume', runIdOf(killed), '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await readDirectory(data, (psql) => psql(smallFactsSql))).toBe(backup.facts['barman-cloud']);
  });
});
