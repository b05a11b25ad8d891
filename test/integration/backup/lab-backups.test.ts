import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import { selectBackup } from '../../../src/backup/select-backup.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { type FixtureName, fixtureList } from '../../lab/fixture-list.ts';
import { copyFixture, type Fixture, fixture } from '../../lab/fixtures.ts';
import { s3Keys, s3Region, startS3 } from '../../lab/s3-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const signal = new AbortController().signal;
const names = (Object.keys(fixtureList) as FixtureName[]).filter((name) => !name.endsWith('-large'));

async function look(backup: Fixture) {
  await using server = await startS3({ storageDir: backup.storageDir });
  const credentials = { s3: { ...s3Keys, sessionToken: null }, azure: null };
  const { storage, prefix } = await openStorage({
    url: backup.url,
    endpoint: server.endpoint,
    region: s3Region,
    credentials,
  });
  try {
    const backups = await listBackups(storage, prefix, { signal });
    const { backup: latest } = selectBackup(backups, { backup: 'latest' });
    return { backups, latest, contents: await inspectBackup(storage, latest, signal) };
  } finally {
    storage.close();
  }
}

describeWithLab('a backup that the real tools made', () => {
  it.each(names)('%s is listed, chosen and found to be restorable', async (name) => {
    const made = await fixture(name);
    const { expected } = made;
    const { backups, contents } = await look(made);
    expect(backups.map(({ id }) => id)).toEqual(expected.backups);
    expect(contents.problems).toEqual([]);
    expect(contents.backup).toMatchObject({
      id: expected.backups.at(-1),
      serverMajor: expected.major,
      systemIdentifier: expected.systemIdentifier,
      timeline: expected.timeline,
    });
    expect(contents.backup.tablespaces.map(({ oid, location }) => ({ oid, location }))).toEqual(
      expected.tablespaces.map(({ oid, location }) => ({ oid, location })),
    );
    const codecs = new Set(
      contents.archives.filter(({ content }) => content === 'data').map(({ codec }) => codec),
    );
    expect([...codecs]).toEqual([expected.compression]);
    expect(contents.wal?.source).toBe(made.kind === 'barman' ? 'archive' : 'backup');
    expect(contents.dataBytesIsExact).toBe(made.kind === 'pg_basebackup');
  });

  it('loses nothing silently when a WAL segment disappears from the archive', async () => {
    await using directory = await temporaryDirectory('odo-test-gap-');
    const original = await fixture('barman-17');
    const { contents } = await look(original);
    const segments = contents.wal?.objects.filter(({ name }) => !name.endsWith('.history')) ?? [];
    const victim = segments.at(-2);
    if (!victim) expect.fail('the archive is too short');
    const copy = await copyFixture(original, directory.path);
    const folder = join(copy.storageDir, copy.bucket, victim.key, '..');
    for (const file of await readdir(folder)) if (file.startsWith(victim.name)) await rm(join(folder, file));
    const { problems } = (await look(copy)).contents;
    expect(problems).toMatchObject([{ code: 'WAL_MISSING', details: { missing: victim.name } }]);
  });
});
