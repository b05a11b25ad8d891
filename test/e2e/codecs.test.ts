import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codecFixtures, codecMakers, codecOf } from '../lab/codec-fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('a backup compressed by', () => {
  test.each(codecMakers)(
    '%s is restored with every row although odo is killed in its middle',
    async (maker) => {
      const { urls, storageDir, tables } = await codecFixtures();
      await using s3 = await startS3({ storageDir });
      await using directory = await temporaryDirectory();
      const env = { ...s3.env, XDG_STATE_HOME: directory.path };
      const data = join(directory.path, 'data');
      const place = ['-u', urls[maker], '-e', s3.endpoint, '--data-dir', data, '--json'];
      const shown = await odo(['plan', ...place], { env });
      expect(shown.stdout).toContain(`"codec":"${codecOf(maker)}"`);
      const args = ['start', ...place, '--checkpoint-size', '4MiB', '--jobs', '1'];
      const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'checkpoint:after#4' } });
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      const resumed = await odo(['resume', String(killed.events[0]?.runId), '--json'], { env });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await factsOfDirectory(data)).toEqual(tables[maker]);
    },
  );
});

describeWithLab('an archive of WAL', () => {
  test('in five compressions and none, some of it under wrong names, is replayed to its last commit', async () => {
    const { urls, storageDir, tables, walEndings } = await codecFixtures();
    expect(new Set(walEndings)).toEqual(new Set(['.lz4', '.zst', '.xz', '.bz2', '.gz', '']));
    await using s3 = await startS3({ storageDir });
    await using directory = await temporaryDirectory();
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const data = join(directory.path, 'data');
    const args = ['start', '-u', urls.barman, '-e', s3.endpoint, '--data-dir', data, '--json'];
    const result = await odo(args, { env });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await readdir(data)).toContain('PG_VERSION');
    expect(await factsOfDirectory(data)).toEqual(tables.barman);
  });
});
