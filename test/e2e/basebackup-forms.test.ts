import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { odo } from '../support/odo-program.ts';
import { factsOfDirectory } from '../support/restored-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

/** The backup as files of a directory, its tablespace copied to where the link was. */
async function copyAsFiles(backup: Fixture, to: string): Promise<void> {
  const from = join(backup.storageDir, backup.bucket, backup.prefix, backup.expected.backups[0] ?? '');
  const [space] = backup.expected.tablespaces;
  const suffix = '._S3rver_object';
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(suffix)) continue;
    const path = relative(from, join(entry.parentPath, entry.name)).slice(0, -suffix.length);
    const inside = path.replace(/^data\//, '').replace(/^cold\//, `pg_tblspc/${space?.oid}/`);
    await mkdir(dirname(join(to, inside)), { recursive: true });
    await cp(join(entry.parentPath, entry.name), join(to, inside));
  }
}

describeWithLab('a plain pg_basebackup', () => {
  test('in a bucket, its tablespace beside it, is restored although odo was killed among its files', async () => {
    const backup = await fixture('basebackup-15-tree');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const listed = await odo(['backups', '-u', backup.url, '-e', s3.endpoint, '--json'], { env });
    expect(listed.stdout).toContain('"status":"complete"');
    const data = join(directory.path, 'data');
    const args = ['start', '-u', backup.url, '-e', s3.endpoint, '--data-dir', data, '--json'];
    const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'restoreBase:after-completion#3' } });
    expect(killed.signal).toBe('SIGKILL');
    const runId = String(killed.events[0]?.runId);
    const status = await odo(['status', runId, '--json'], { env });
    const { baseBytes } = status.events[0] as { baseBytes: { done: number; total: number } };
    expect(baseBytes.done).toBeGreaterThan(0);
    expect(baseBytes.done).toBeLessThan(baseBytes.total);

    const resumed = await odo(['resume', runId, '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(resumed.events).toContainEqual(
      expect.objectContaining({
        phase: 'restoreBase',
        state: 'completed',
        facts: expect.objectContaining({ filesMatchingManifest: expect.any(Number) }),
      }),
    );
    expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
  });

  test('in a directory, its tablespace inside, goes on in the middle of a file', async () => {
    const backup = await fixture('basebackup-15-tree');
    await using directory = await temporaryDirectory();
    const from = join(directory.path, 'backup');
    await copyAsFiles(backup, from);
    const env = { XDG_STATE_HOME: directory.path };
    const data = join(directory.path, 'data');
    const more = ['--checkpoint-size', '1MiB', '--jobs', '1', '--json'];
    const args = ['start', '-u', pathToFileURL(from).href, '--data-dir', data, ...more];
    const killed = await odo(args, { env: { ...env, ODO_FAILPOINT: 'checkpoint:after#5' } });
    expect(killed.signal).toBe('SIGKILL');
    const resumed = await odo(['resume', String(killed.events[0]?.runId), '--json'], { env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await factsOfDirectory(data)).toEqual(backup.expected.atLatest.tables);
  });

  test('with one byte changed ends with exit 6 and the name of the file; with a file missing, nothing is touched', async () => {
    const backup = await fixture('basebackup-15-tree');
    await using directory = await temporaryDirectory();
    const from = join(directory.path, 'backup');
    await copyAsFiles(backup, from);
    const env = { XDG_STATE_HOME: directory.path };
    const start = (name: string) =>
      odo(['start', '-u', pathToFileURL(from).href, '--data-dir', join(directory.path, name), '--json'], {
        env,
      });
    const file = join(from, 'global/1262');
    const bytes = await readFile(file);
    bytes[8000] = (bytes[8000] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const damaged = await start('one');
    expect(damaged.exitCode, damaged.stderr).toBe(6);
    expect(damaged.stderr).toContain('global/1262');

    await writeFile(file, bytes.subarray(0, 4096));
    const cut = await start('two');
    expect(cut.exitCode, cut.stderr).toBe(4);
    expect(cut.stderr).toContain('global/1262');
    expect(await readdir(directory.path)).not.toContain('two');
  });
});
