import { join } from 'node:path';
import { expect, test } from 'vitest';
import { odo } from '../support/odo-program.ts';
import { compressors, recompressedBackup } from '../support/recompressed-backup.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

describeWithLab('a backup and WAL compressed in blocks', () => {
  test.each(['bzip2', 'xz'] as const)(
    'with %s is restored after a kill in the middle with every row',
    async (codec) => {
      await using directory = await temporaryDirectory();
      const backup = await recompressedBackup(compressors[codec], directory.path);
      await using s3 = backup.s3;
      const env = { ...s3.env, XDG_STATE_HOME: join(directory.path, 'state') };
      const start = (name: string, more: Record<string, string> = {}) => {
        const data = join(directory.path, name);
        const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'];
        return odo([...args, '--checkpoint-size', '16MiB'], { env: { ...env, ...more } });
      };
      const killed = await start('first', { ODO_FAILPOINT: 'archive:saved#4' });
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      const resumed = await odo(['resume', String(killed.events[0]?.runId), '--json'], { env });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await factsOfDirectory(join(directory.path, 'first'))).toEqual(backup.tables);

      // What reads both a second time is the same code.
      if (codec === 'xz') return;
      const second = await start('second');
      expect(second.exitCode, second.stderr).toBe(0);
      expect(await factsOfDirectory(join(directory.path, 'second'))).toEqual(backup.tables);
    },
  );
});
