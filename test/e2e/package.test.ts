import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { restorePrograms } from '../../src/steps/restore-command.ts';
import { makePackage } from '../../tools/package.ts';
import { fixture } from '../lab/fixtures.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import { binDir15, factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const execute = promisify(execFile);

/** A PATH with Node.js and a few of POSIX, and without compiler, make, Python and everything else. */
async function barePath(directory: string): Promise<string> {
  await mkdir(directory);
  const whole = async (name: string): Promise<string> =>
    realpath(await run('sh', ['-c', `command -v ${name}`]));
  await symlink(process.execPath, join(directory, 'node'));
  for (const name of ['npm', 'sh', 'env', ...restorePrograms])
    await symlink(await whole(name), join(directory, name));
  return directory;
}

describeWithLab('the package', () => {
  test('installs without a compiler into an empty folder, and restores', async () => {
    await using place = await temporaryDirectory();
    const app = join(place.path, 'app');
    await mkdir(app);
    const PATH = await barePath(join(place.path, 'bin'));
    const env = { ...process.env, PATH, XDG_STATE_HOME: join(place.path, 'state'), NO_COLOR: '1' };
    const inApp = { cwd: app, env };

    const tarball = makePackage(place.path);
    const npm = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball];
    await execute(join(PATH, 'npm'), npm, inApp);
    const odo = join(app, 'node_modules/.bin/odo');

    const { version } = JSON.parse(await readFile(join(app, 'node_modules/odo/package.json'), 'utf8'));
    expect((await execute(odo, ['--version'], inApp)).stdout).toBe(`${version}\n`);
    expect(await readdir(join(app, 'node_modules/odo'))).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'bin',
      'build',
      'dist',
      'docs',
      'package.json',
    ]);

    const script = join(app, 'node_modules/.bin/import_db_backup.sh');
    expect((await execute(script, ['-h'])).stdout).toContain('import_db_backup.sh -u');

    // A program and no library: others get the schema of odo.yaml and nothing else.
    const resolved = "require.resolve('odo/odo.schema.json'); require.resolve('odo')";
    await expect(execute(process.execPath, ['-e', resolved], inApp)).rejects.toThrow(
      /No "exports" main defined/,
    );

    const backup = await fixture('basebackup-15');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    const data = join(place.path, 'data');
    const source = ['-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--pg-bin', binDir15];
    const withStore = { ...inApp, env: { ...env, ...s3.env } };
    const examined = await execute(odo, ['doctor', ...source], withStore);
    expect(examined.stdout).toMatch(/\nNothing stands in the way of a restore/);
    const restored = await execute(odo, ['start', ...source, '--yes'], withStore);
    expect(restored.stdout).toMatch(/^Run \S+ is completed/);
    expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
  });
});
