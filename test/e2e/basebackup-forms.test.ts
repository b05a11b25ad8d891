import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type Fixture, fixture } from '../lab/fixtures.ts';
import { imageLayout, imageName, type Major } from '../lab/images.ts';
import { psqlInContainer, readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { startS3 } from '../lab/s3-server.ts';
import type { TableFacts } from '../lab/sample-data.ts';
import { waitUntil } from '../lab/wait-until.ts';
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

/** What a server finds in a volume that odo has filled; the volume is removed. */
async function factsOfVolume(volume: string, major: Major): Promise<Record<string, TableFacts>> {
  const container = `${volume}-check`;
  try {
    const mount = ['-v', `${volume}:${imageLayout(major).volume}`];
    await run('docker', ['run', '-d', '--name', container, ...mount, imageName(major)]);
    const psql = psqlInContainer(container);
    await waitUntil('the restored server answers', () => psql('select 1'));
    expect(await psql('select pg_is_in_recovery()')).toBe('f');
    return await readTableFacts(psql);
  } finally {
    await run('docker', ['rm', '-fv', container]).catch(() => {});
    await run('docker', ['volume', 'rm', '-f', volume]);
  }
}

describeWithLab('a pg_basebackup as tars', () => {
  test('with its WAL inside base.tar (-X fetch) is checked by SHA-256 and recovered', async () => {
    const backup = await fixture('basebackup-17-fetch');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const volume = 'odo-test-fetch';
    const args = ['start', '-u', backup.url, '-e', s3.endpoint, '-V', volume, '--image', imageName(17)];
    const result = await odo([...args, '--json'], { env: { ...s3.env, XDG_STATE_HOME: directory.path } });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.events).toContainEqual(
      expect.objectContaining({
        phase: 'restoreBase',
        state: 'completed',
        facts: expect.objectContaining({ filesMatchingManifest: expect.any(Number) }),
      }),
    );
    expect(await factsOfVolume(volume, 17)).toEqual(backup.expected.atLatest.tables);
  });

  test('without WAL (-X none) is refused until the archive is named, and then recovered to its end', async () => {
    const backup = await fixture('basebackup-18-none');
    await using s3 = await startS3({ storageDir: backup.storageDir });
    await using directory = await temporaryDirectory();
    const env = { ...s3.env, XDG_STATE_HOME: directory.path };
    const volume = 'odo-test-none';
    const args = [
      ...['start', '-u', backup.url, '-e', s3.endpoint, '-V', volume, '--image', imageName(18)],
      // By the name that pg_basebackup --label gave it.
      ...['--backup', 'before the move', '--json'],
    ];
    const refused = await odo(args, { env });
    expect(refused.exitCode, refused.stderr).toBe(4);
    expect(refused.stderr).toMatch(/[0-9A-F]{24}[\s\S]*--wal-url/);
    const result = await odo([...args, '--wal-url', `s3://${backup.bucket}/archive/main`], { env });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await factsOfVolume(volume, 18)).toEqual(backup.expected.atLatest.tables);
  });
});

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

  test('with one byte changed, or with a tablespace that nothing lists any more, ends with exit 6', async () => {
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

    // Nothing but the catalogue knows then that there was a tablespace.
    await rm(join(from, 'backup_manifest'));
    await rm(join(from, 'pg_tblspc'), { recursive: true });
    const lost = await start('without');
    expect(lost.exitCode, lost.stderr).toBe(6);
    expect(lost.stderr).toContain(`cold (${backup.expected.tablespaces[0]?.oid})`);
  });

  test('with a file cut is refused before anything is touched', async () => {
    const backup = await fixture('basebackup-15-tree');
    await using directory = await temporaryDirectory();
    const from = join(directory.path, 'backup');
    await copyAsFiles(backup, from);
    await truncate(join(from, 'global/1262'), 4096);
    const args = [
      'start',
      '-u',
      pathToFileURL(from).href,
      '--data-dir',
      join(directory.path, 'data'),
      '--json',
    ];
    const cut = await odo(args, { env: { XDG_STATE_HOME: directory.path } });
    expect(cut.exitCode, cut.stderr).toBe(4);
    expect(cut.stderr).toContain('global/1262');
    expect(await readdir(directory.path)).not.toContain('data');
  });
});
