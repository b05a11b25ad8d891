import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture } from '../lab/fixtures.ts';
import { readTableFacts } from '../lab/psql.ts';
import { startS3 } from '../lab/s3-server.ts';
import { startComposeProject } from '../support/compose-project.ts';
import { odoCli } from '../support/odo-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const script = join(import.meta.dirname, '../../bin/import_db_backup.sh');

describeWithLab('import_db_backup.sh', () => {
  test('restores with the flags of former days, and exits with 3 without the file of -c', async () => {
    const backup = await fixture('barman-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    await using shop = await startComposeProject({
      directory: directory.path,
      name: 'odo-test-import',
      major: 15,
    });
    const odo = join(directory.path, 'odo-from-source');
    await writeFile(odo, `#!/bin/sh\nexec '${process.execPath}' '${odoCli}' "$@"\n`);
    await chmod(odo, 0o755);
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', ...more } = s3.env;
    const imported = () =>
      spawnSync(
        script,
        [
          ...['-a', AWS_ACCESS_KEY_ID, '-s', AWS_SECRET_ACCESS_KEY, '-r', 'us-east-1', '-u', backup.url],
          ...['-e', s3.endpoint, '-v', 'pgdata', '-n', 'db', '-f', shop.file, '-c', '-o'],
          ...['--', '--project', shop.project, ...shop.replaceFlags],
        ],
        {
          cwd: shop.directory,
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], ...more, ODO: odo, XDG_STATE_HOME: directory.path },
        },
      );

    const missing = imported();
    expect(missing.status, missing.stderr).toBe(3);
    expect(missing.stderr).toContain('confs/postgresql.auto.conf');
    expect(await shop.psql('select note from old_rows')).toBe('written before the restore');

    await mkdir(join(shop.directory, 'confs'));
    await writeFile(join(shop.directory, 'confs/postgresql.auto.conf'), "work_mem = '7MB'\n");
    const restored = imported();
    expect(restored.status, restored.stderr).toBe(0);
    expect(await readTableFacts(shop.psql)).toEqual(backup.expected.atLatest.tables);
    expect(await shop.psql('show work_mem')).toBe('7MB');
    expect(restored.stdout + restored.stderr).not.toContain(AWS_SECRET_ACCESS_KEY);
  });
});
