import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import { selectBackup } from '../../../src/backup/select-backup.ts';
import { surveyBackups } from '../../../src/backup/survey-backups.ts';
import { parseLsn } from '../../../src/postgres/lsn.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { type FixtureName, fixtureList } from '../../lab/fixture-list.ts';
import { copyFixture, type Fixture, fixture } from '../../lab/fixtures.ts';
import { s3Keys, s3Region, startS3 } from '../../lab/s3-server.ts';
import { odo } from '../../support/odo-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeWithLab } from '../../support/with-lab.ts';

const signal = new AbortController().signal;
/** One takes long; one lies in two folders and does not say where its tablespace was; the WAL of one lies elsewhere. */
const apart: readonly FixtureName[] = ['basebackup-15-large', 'basebackup-15-tree', 'basebackup-18-none'];
const names = (Object.keys(fixtureList) as FixtureName[]).filter((name) => !apart.includes(name));

async function look(backup: Fixture) {
  await using server = await startS3({ storageDir: backup.storageDir });
  const credentials = {
    s3: { ...s3Keys, sessionToken: null },
    azure: null,
    ssh: null,
    google: null,
    web: null,
  };
  const { storage, prefix } = await openStorage({
    url: backup.url,
    endpoint: server.endpoint,
    region: s3Region,
    credentials,
  });
  try {
    const backups = await listBackups(storage, prefix, { signal });
    const { backup: latest } = selectBackup(backups, { backup: 'latest' });
    const survey = await surveyBackups(storage, backups, { withWal: true, signal });
    return { backups, latest, survey, contents: await inspectBackup(storage, latest, signal) };
  } finally {
    storage.close();
  }
}

describeWithLab('a backup that the real tools made', () => {
  it.each(names)('%s is listed, chosen and found to be restorable', async (name) => {
    const made = await fixture(name);
    const { expected } = made;
    const { backups, contents, survey } = await look(made);
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

    const newest = survey.backups.at(-1);
    expect(newest).toMatchObject({ restorable: true, kind: 'full', backup: { codec: expected.compression } });
    expect(survey.gaps).toEqual([]);
    const window = survey.windows.at(-1);
    expect(window).toMatchObject({ timeline: expected.timeline, from: { lsn: contents.backup.endLsn } });
    if (made.kind === 'pg_basebackup') {
      expect(['inside', 'unknown']).toContain(newest?.wal.state);
      expect(window).toMatchObject({ kind: 'point', to: null });
    } else {
      expect(newest?.wal).toMatchObject({ state: 'complete', reaches: window?.to });
      expect(newest?.backup.serverVersion).toBe(expected.serverVersion);
      expect(window?.to?.segment).toBe(contents.wal?.lastSegment);
      // Everything that was committed before the last segment was archived lies within.
      expect(parseLsn(window?.to?.lsn ?? '')).toBeGreaterThanOrEqual(parseLsn(expected.atLatest.lsn));
    }
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
    const { contents: torn, survey, latest } = await look(copy);
    expect(torn.problems).toMatchObject([{ code: 'WAL_MISSING', details: { missing: victim.name } }]);
    expect(survey.backups).toMatchObject([
      {
        restorable: false,
        whyNot: expect.stringContaining(victim.name),
        wal: {
          state: 'complete',
          gap: victim.name,
          reaches: { lsn: torn.problems[0]?.details?.recoverableUpTo },
        },
      },
    ]);
    expect(survey.windows).toMatchObject([
      { to: { lsn: torn.problems[0]?.details?.recoverableUpTo }, backups: [latest.id] },
    ]);
    expect(survey.gaps).toMatchObject([
      { firstMissing: victim.name, segments: 1, usableBefore: [latest.id], usableAfter: [] },
    ]);
  });

  it.each(['barman-15', 'barman-18'] as const)(
    'of %s is not restorable without a segment that it needs itself',
    async (name) => {
      await using directory = await temporaryDirectory('odo-test-need-');
      const original = await fixture(name);
      const { contents } = await look(original);
      const victim = contents.wal?.objects.find((object) => object.name === contents.wal?.consistentSegment);
      if (!victim) expect.fail('the archive lacks the segment');
      const copy = await copyFixture(original, directory.path);
      const folder = join(copy.storageDir, copy.bucket, victim.key, '..');
      for (const file of await readdir(folder))
        if (file.startsWith(victim.name)) await rm(join(folder, file));
      const { contents: torn, survey } = await look(copy);
      expect(torn.problems).toMatchObject([{ code: 'WAL_MISSING', details: { missing: victim.name } }]);
      expect(survey.backups).toMatchObject([
        { restorable: false, wal: { state: 'missing', missing: victim.name } },
      ]);
      expect(survey.windows).toEqual([]);
      expect(survey.gaps).toMatchObject([{ firstMissing: victim.name, usableBefore: [], usableAfter: [] }]);
    },
  );

  it('is told about by the program, as lines of JSON and as a page', async () => {
    const made = await fixture('barman-18');
    await using server = await startS3({ storageDir: made.storageDir });
    const where = ['-u', made.url, '-e', server.endpoint, '-r', s3Region];
    const env = { AWS_ACCESS_KEY_ID: s3Keys.accessKeyId, AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey };
    const listed = await odo(['backups', '--json', ...where], { env });
    expect(listed.exitCode).toBe(0);
    expect(listed.events).toMatchObject([
      {
        type: 'backup',
        id: made.expected.backups[0],
        restorable: true,
        serverVersion: made.expected.serverVersion,
      },
      { type: 'window', kind: 'range', backups: made.expected.backups },
    ]);
    const without = await odo(['backups', '--json', '--no-wal', ...where], { env });
    expect(without.events).toMatchObject([{ type: 'backup', wal: { state: 'unchecked' } }]);
    const name = String(listed.events[0]?.name);
    const page = await odo(['backups', name, ...where], { env });
    expect(page.stdout).toContain(`, name ${name}\n`);
    expect(page.stdout).toMatch(/^restorable +yes$/m);
    const unknown = await odo(['backups', `${name}x`, ...where], { env });
    expect(unknown.exitCode).toBe(13);
    expect(unknown.stderr).toContain(`Did you mean ${name}?`);
  });

  it('is chosen by a time only when it had finished by then', async () => {
    const { backups, latest } = await look(await fixture('barman-17'));
    const finished = Date.parse(latest.finishedAt ?? '');
    const before = (ms: number) => new Date(ms).toISOString();
    const pick = (ms: number) => selectBackup(backups, { backup: 'latest', before: before(ms) });
    expect(pick(finished + 1)).toMatchObject({ backup: { id: latest.id } });
    expect(() => pick(finished)).toThrow(
      expect.objectContaining({ code: 'BACKUP_NOT_FOUND', hint: expect.stringContaining(latest.id) }),
    );
  });
});
