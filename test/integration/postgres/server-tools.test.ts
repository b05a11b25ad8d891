import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { parseBackupLabel } from '../../../src/postgres/backup-label.ts';
import { manifestIsIntact, parseBackupManifest } from '../../../src/postgres/backup-manifest.ts';
import { parseControlFile } from '../../../src/postgres/control-file.ts';
import { crc32c, formatManifestCrc32c } from '../../../src/postgres/crc32c.ts';
import { parseLsn } from '../../../src/postgres/lsn.ts';
import { parseLongPageHeader } from '../../../src/postgres/wal-page.ts';
import { segmentsOf } from '../../../src/postgres/wal-segment.ts';
import { findLocalBinaries } from '../../../src/service/local-binaries.ts';
import { fixture } from '../../lab/fixtures.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeWithLab } from '../../support/with-lab.ts';

/** A real pg_basebackup of PostgreSQL 15, unpacked by tar, and the server's own programs to hold the parsers against. */
async function unpacked() {
  const binaries = await findLocalBinaries(null, 15);
  if (binaries === null) expect.fail('PostgreSQL 15 is not installed');
  const { binDir } = binaries;
  const made = await fixture('basebackup-15');
  const directory = await temporaryDirectory('odo-test-tools-');
  const source = join(made.storageDir, made.bucket, made.prefix, made.expected.backups.at(-1) ?? '');
  const object = (name: string) => join(source, `${name}._S3rver_object`);
  await execa('tar', ['-xzf', object('base.tar.gz'), '-C', directory.path]);
  await execa('tar', ['-xzf', object('pg_wal.tar.gz'), '-C', join(directory.path, 'pg_wal')]);
  await execa('cp', [object('backup_manifest'), join(directory.path, 'backup_manifest')]);
  const run = async (program: string, args: readonly string[]) =>
    (await execa(join(binDir, program), args, { env: { LC_ALL: 'C' } })).stdout;
  const read = (path: string) => readFile(join(directory.path, path));
  return { directory, run, read };
}

describeWithLab('a real backup, as PostgreSQL’s own programs see it', () => {
  it('has the manifest that pg_verifybackup accepts, with the checksums that odo computes', async () => {
    const { directory, run, read } = await unpacked();
    await using _ = directory;
    expect(await run('pg_verifybackup', [directory.path])).toContain('successfully verified');
    const bytes = await read('backup_manifest');
    const manifest = parseBackupManifest(bytes.toString());
    expect(await manifestIsIntact(bytes, manifest.checksum)).toBe(true);
    expect(manifest.files.length).toBeGreaterThan(500);
    for (const { path, sizeBytes, checksum } of manifest.files) {
      const content = await read(path);
      expect([path, content.length, formatManifestCrc32c(crc32c(content))]).toEqual([
        path,
        sizeBytes,
        checksum,
      ]);
    }
  });

  it('has the control file that pg_controldata prints', async () => {
    const { directory, run, read } = await unpacked();
    await using _ = directory;
    const printed = await run('pg_controldata', ['-D', directory.path]);
    const control = parseControlFile(await read('global/pg_control'));
    expect(printed).toMatch(new RegExp(`^Database system identifier: +${control.systemIdentifier}$`, 'm'));
    expect(printed).toMatch(new RegExp(`^Database cluster state: +${control.state}$`, 'm'));
    expect(printed).toMatch(new RegExp(`^Latest checkpoint location: +${control.checkpointLsn}$`, 'm'));
    expect(printed).toMatch(new RegExp(`^Bytes per WAL segment: +${control.segmentBytes}$`, 'm'));
  });

  it('has the WAL segments that odo names for its range, readable to their end by pg_waldump', async () => {
    const { directory, run, read } = await unpacked();
    await using _ = directory;
    const [range] = parseBackupManifest((await read('backup_manifest')).toString()).walRanges;
    const control = parseControlFile(await read('global/pg_control'));
    if (!range) expect.fail('the manifest names no WAL');
    const { timeline, startLsn, endLsn } = range;
    const needed = segmentsOf(timeline, parseLsn(startLsn), parseLsn(endLsn), control.segmentBytes);
    const present = (await readdir(join(directory.path, 'pg_wal'))).filter((name) =>
      /^[0-9A-F]{24}$/.test(name),
    );
    expect(present.sort()).toEqual(needed);
    const label = parseBackupLabel((await read('backup_label')).toString());
    expect(label).toMatchObject({ startLsn, startSegment: needed[0], timeline });
    const header = parseLongPageHeader(await read(`pg_wal/${needed[0]}`));
    expect(header).toMatchObject({
      serverMajor: 15,
      systemIdentifier: control.systemIdentifier,
      segmentBytes: control.segmentBytes,
    });
    const range15 = [
      '-p',
      join(directory.path, 'pg_wal'),
      '-t',
      String(timeline),
      '-s',
      startLsn,
      '-e',
      endLsn,
    ];
    expect(await run('pg_waldump', range15)).toContain('CHECKPOINT_ONLINE');
    await rename(join(directory.path, 'pg_wal', needed[0] ?? ''), join(directory.path, 'away'));
    await expect(run('pg_waldump', range15)).rejects.toThrow();
  });
});
