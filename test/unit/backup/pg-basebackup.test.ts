import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import {
  type BackupStore,
  type BaseBackupOptions,
  clusterId,
  labelText,
  openBackupStore,
  putBaseBackup,
  segmentNames,
} from '../../support/backup-store.ts';
import { manifestText } from '../../support/manifest-text.ts';
import { tarBytes, tarGz } from '../../support/tar-bytes.ts';

const signal = new AbortController().signal;
const folder = 'bb/20261120/';
let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
});
afterEach(() => store[Symbol.asyncDispose]());

async function inspect(options: BaseBackupOptions = {}) {
  await putBaseBackup(store, folder, options);
  return inspectNow();
}
async function inspectNow() {
  const [backup] = await listBackups(store.storage, 'bb/', { signal });
  return inspectBackup(store.storage, backup!, signal);
}

describe('a pg_basebackup', () => {
  it('is described from its label, its manifest and its first page of WAL', async () => {
    await putBaseBackup(store, folder, { tablespace: '/ts one', modifiedAt: '2026-11-20T02:30:00Z' });
    expect(await listBackups(store.storage, 'bb/', { signal })).toEqual([
      {
        id: '20261120',
        format: 'pg-basebackup',
        folder,
        server: null,
        walFolder: null,
        name: null,
        status: 'complete',
        problem: null,
        startedAt: '2026-11-20T02:00:07.000Z',
        finishedAt: '2026-11-20T02:30:00.000Z',
        storedBytes: expect.any(Number),
        dataBytes: null,
        serverMajor: 17,
        systemIdentifier: clusterId,
        timeline: 1,
        beginLsn: '0/4000028',
        endLsn: '0/5000120',
        codec: 'gzip',
        holdsWal: true,
        tablespaces: [{ oid: '16400', name: null, location: '/ts one' }],
      },
    ]);
  });

  it('is restored from its tars, with the WAL beside it and the exact size of its manifest', async () => {
    const contents = await inspect({ tablespace: '/ts' });
    expect(contents.problems).toEqual([]);
    expect(contents.archives.map(({ name, codec, content }) => [name, codec, content])).toEqual([
      ['base.tar.gz', 'gzip', 'data'],
      ['16400.tar.gz', 'gzip', { tablespace: '16400' }],
      ['pg_wal.tar.gz', 'gzip', 'wal'],
    ]);
    expect(contents).toMatchObject({
      dataBytes: 9417,
      dataBytesIsExact: true,
      manifestKey: `${folder}backup_manifest`,
    });
    expect(contents.wal).toEqual({
      source: 'backup',
      segmentBytes: 16 * 2 ** 20,
      timeline: 1,
      beginSegment: '000000010000000000000004',
      consistentSegment: '000000010000000000000005',
      lastSegment: '000000010000000000000005',
      objects: [],
    });
  });

  it('may be gzip in several members of which the first is empty', async () => {
    await putBaseBackup(store, folder);
    const pages = segmentNames(1, 4, 2).map((name) => [name, 'x'] as const);
    await store.put(`${folder}pg_wal.tar.gz`, Buffer.concat([gzipSync(''), await tarGz(pages)]));
    expect((await inspectNow()).problems).toEqual([]);
  });

  it('may be uncompressed, and mixed', async () => {
    await putBaseBackup(store, folder);
    await store.remove(`${folder}base.tar.gz`);
    await store.put(
      `${folder}base.tar`,
      await tarBytes([
        ['backup_label', labelText()],
        ['PG_VERSION', '17\n'],
      ]),
    );
    const contents = await inspectNow();
    expect(contents.problems).toEqual([]);
    expect(contents.archives.map(({ codec }) => codec)).toEqual(['none', 'gzip']);
  });

  it('without a manifest is restored with a warning, its last segment found in its WAL', async () => {
    const contents = await inspect({ manifest: null });
    expect(contents.problems).toEqual([]);
    expect(contents.warnings).toEqual([expect.stringContaining('no backup_manifest')]);
    expect(contents).toMatchObject({ dataBytesIsExact: false, manifestKey: null });
    expect(contents.wal?.consistentSegment).toBe('000000010000000000000005');
  });

  it('with the WAL inside base.tar (-X fetch) is known by its manifest, its major by PG_VERSION', async () => {
    const done = segmentNames(1, 4, 2).map((name) => ({
      path: `pg_wal/archive_status/${name}.done`,
      size: 0,
    }));
    const contents = await inspect({
      wal: null,
      manifest: manifestText({ files: done, endLsn: '0/5000120' }),
    });
    expect(contents.problems).toEqual([]);
    expect(contents.wal).toMatchObject({
      source: 'backup',
      segmentBytes: 16 * 2 ** 20,
      lastSegment: '000000010000000000000005',
    });
    expect(contents.backup.serverMajor).toBe(17);
  });
});

describe('the WAL of a listed pg_basebackup', () => {
  const done = { path: 'pg_wal/archive_status/000000010000000000000004.done', size: 0 };
  const listed = async () => (await listBackups(store.storage, 'bb/', { signal }))[0]?.holdsWal;

  it('is in pg_wal.tar, or as its manifest says in base.tar or nowhere', async () => {
    await putBaseBackup(store, folder);
    expect(await listed()).toBe(true);
    await store.remove(`${folder}pg_wal.tar.gz`);
    expect(await listed()).toBe(false);
    const files = [{ path: 'backup_label', size: 225 }, done];
    await store.put(`${folder}backup_manifest`, manifestText({ files }));
    expect(await listed()).toBe(true);
  });

  it('without a manifest is told by the end of an uncompressed base.tar, and by no other', async () => {
    await putBaseBackup(store, folder, { wal: null, manifest: null });
    expect(await listed()).toBeNull();
    await store.remove(`${folder}base.tar.gz`);
    const members = [
      ['backup_label', labelText()],
      ['PG_VERSION', '17\n'],
    ] as const;
    await store.put(`${folder}base.tar`, await tarBytes(members));
    expect(await listed()).toBe(false);
    await store.put(`${folder}base.tar`, await tarBytes([...members, [`./${done.path}`, '']]));
    expect(await listed()).toBe(true);
  });
});

describe('a pg_basebackup that cannot be restored', () => {
  it('because it holds no WAL (-X none) says from where on it needs it', async () => {
    const { problems, wal } = await inspect({ wal: null });
    expect(wal).toBeNull();
    expect(problems).toMatchObject([
      { code: 'WAL_MISSING', hint: expect.stringContaining('000000010000000000000004') },
    ]);
  });

  it('because its WAL has a hole names the segment', async () => {
    const { problems } = await inspect({ wal: segmentNames(1, 4, 1) });
    expect(problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: '000000010000000000000005' } },
    ]);
  });

  it('because it was not finished', async () => {
    await putBaseBackup(store, folder, { manifest: null });
    await store.put(`${folder}backup_manifest.tmp`, '{');
    expect(await listBackups(store.storage, 'bb/', { signal })).toMatchObject([
      { status: 'incomplete', problem: expect.stringContaining('backup_manifest.tmp') },
    ]);
    expect((await inspectNow()).problems).toMatchObject([{ code: 'BACKUP_INCOMPLETE' }]);
  });

  it('because a tablespace’s tar is missing names it', async () => {
    await putBaseBackup(store, folder, { tablespace: '/ts' });
    await store.remove(`${folder}16400.tar.gz`);
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('16400.tar') },
    ]);
  });

  it('because its manifest was edited or cut', async () => {
    await putBaseBackup(store, folder);
    const text = manifestText({ files: [{ path: 'backup_label', size: 225 }], endLsn: '0/5000120' });
    await store.put(`${folder}backup_manifest`, text.replace('225', '226'));
    expect((await inspectNow()).problems).toMatchObject([
      { message: expect.stringContaining('its own checksum') },
    ]);
    await store.put(`${folder}backup_manifest`, text.slice(0, 200));
    expect((await inspectNow()).problems).toMatchObject([{ code: 'FORMAT_UNKNOWN' }]);
  });

  it('because it has no label', async () => {
    expect((await inspect({ label: null })).problems).toMatchObject([
      { message: expect.stringContaining('backup_label') },
    ]);
  });

  it('because an uncompressed tar was cut', async () => {
    await putBaseBackup(store, folder);
    await store.remove(`${folder}base.tar.gz`);
    const tar = await tarBytes([
      ['backup_label', labelText()],
      ['big', new Uint8Array(100_000).fill(7)],
    ]);
    await store.put(`${folder}base.tar`, tar.subarray(0, 51_200));
    expect((await inspectNow()).problems).toMatchObject([{ message: expect.stringContaining('cut short') }]);
  });

  it.each([
    ['was renamed', [['000000010000000000000004', 'x']], 'begins with 000000010000000000000004'],
    ['is empty', [], 'it is empty'],
    ['is of another major', [['PG_15_202209061/', '']], 'of PostgreSQL 15'],
  ] as const)('because a tablespace’s tar %s', async (_, members, message) => {
    await putBaseBackup(store, folder, { tablespace: '/ts', manifest: null });
    await store.put(`${folder}16400.tar.gz`, await tarGz(members));
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining(message) },
    ]);
  });

  it('because a tablespace’s tar lies there as base.tar', async () => {
    await putBaseBackup(store, folder, { tablespace: '/ts' });
    await store.put(`${folder}base.tar.gz`, await store.storage.readSmall(`${folder}16400.tar.gz`, signal));
    expect(await listBackups(store.storage, 'bb/', { signal })).toMatchObject([
      { status: 'incomplete', problem: expect.stringContaining('backup_label') },
    ]);
  });

  it('because an archive is empty', async () => {
    await putBaseBackup(store, folder);
    await store.put(`${folder}base.tar.gz`, '');
    const { problems } = await inspectNow();
    expect(problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('base.tar.gz is empty'),
    );
  });

  it('because its base.tar.gz is damaged from the start', async () => {
    await putBaseBackup(store, folder);
    await store.put(`${folder}base.tar.gz`, Buffer.from('1f8b08000000000000ffffffffffffff', 'hex'));
    const [backup] = await listBackups(store.storage, 'bb/', { signal });
    expect(backup).toMatchObject({ status: 'unreadable' });
    expect((await inspectNow()).problems.map(({ code }) => code)).toContain('ARCHIVE_CORRUPT');
  });

  it('because its base.tar.zst is cut in the first block', async () => {
    await putBaseBackup(store, folder);
    await store.remove(`${folder}base.tar.gz`);
    await store.put(`${folder}base.tar.zst`, Buffer.from('28b52ffd00000000', 'hex'));
    expect((await inspectNow()).problems).toContainEqual(
      expect.objectContaining({ code: 'ARCHIVE_CORRUPT', message: expect.stringContaining('base.tar.zst') }),
    );
  });
});

describe('where pg_basebackups are looked for', () => {
  it('at the prefix itself, and up to three folders below', async () => {
    for (const place of ['a/', 'b/1/', 'b/2/x/y/', 'c/1/2/3/4/']) await putBaseBackup(store, `bb/${place}`);
    const ids = async (prefix: string) =>
      (await listBackups(store.storage, prefix, { signal })).map(({ id }) => id).sort();
    expect(await ids('bb/')).toEqual(['a', 'b/1']);
    expect(await ids('bb/b/')).toEqual(['1', '2/x/y']);
    expect(await ids('bb/a/')).toEqual(['.']);
  });
});
