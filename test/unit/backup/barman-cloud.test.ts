import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { barmanCloud } from '../../../src/backup/barman-cloud/format.ts';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import {
  type BackupStore,
  type InfoFields,
  openBackupStore,
  putBarmanBackup,
  putSegments,
  segmentNames,
} from '../../support/backup-store.ts';
import { tarBytes } from '../../support/tar-bytes.ts';

const signal = new AbortController().signal;
const id = '20261120T020006';
const folder = `pg/main/base/${id}/`;
let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
  await putSegments(store, 'pg/main/wals/', segmentNames(1, 4, 3));
});
afterEach(() => store[Symbol.asyncDispose]());

async function inspect(options: { info?: InfoFields; tars?: readonly string[] } = {}) {
  await putBarmanBackup(store, folder, options);
  return inspectNow();
}
async function inspectNow() {
  const [backup] = await barmanCloud.list(store.storage, 'pg/', signal);
  return inspectBackup(store.storage, backup!, signal);
}

describe('a barman-cloud backup', () => {
  it('is described from its backup.info', async () => {
    await putBarmanBackup(store, folder, {
      info: { backup_name: 'nightly', tablespaces: "[('ts', 16400, '/ts')]" },
      tars: ['data.tar.gz', '16400.tar.gz'],
    });
    expect(await listBackups(store.storage, 'pg/', { signal })).toEqual([
      {
        id,
        format: 'barman-cloud',
        folder,
        server: 'main',
        walFolder: 'pg/main/wals/',
        name: 'nightly',
        status: 'complete',
        problem: null,
        startedAt: '2026-11-20T02:00:06.812Z',
        finishedAt: '2026-11-20T02:06:59.120Z',
        storedBytes: expect.any(Number),
        dataBytes: 1000000,
        serverMajor: 17,
        systemIdentifier: '7711482807481257680',
        timeline: 1,
        beginLsn: '0/4000028',
        endLsn: '0/5000120',
        codec: 'gzip',
        serverVersion: 170011,
        endTimeline: 1,
        segmentBytes: 16777216,
        tablespaces: [{ oid: '16400', name: 'ts', location: '/ts' }],
      },
    ]);
  });

  it('is restored from all of its parts in the order of their numbers', async () => {
    const parts = Array.from({ length: 12 }, (_, part) =>
      part === 0 ? 'data.tar.gz' : `data_${String(part).padStart(4, '0')}.tar.gz`,
    );
    const contents = await inspect({
      info: { tablespaces: "[('ts', 16400, '/ts')]" },
      tars: ['16400_0001.tar.gz', ...parts.toReversed(), '16400.tar.gz'],
    });
    expect(contents.problems).toEqual([]);
    expect(contents.archives.map(({ name }) => name)).toEqual([
      ...parts,
      '16400.tar.gz',
      '16400_0001.tar.gz',
    ]);
    expect(contents.archives.at(-1)).toMatchObject({
      content: { tablespace: '16400' },
      part: 1,
      codec: 'gzip',
    });
    expect(contents).toMatchObject({ dataBytes: 1050000, dataBytesIsExact: false, manifestKey: null });
    expect(contents.wal).toMatchObject({ source: 'archive', lastSegment: '000000010000000000000006' });
  });

  it.each([
    ['the data', ['16400.tar.gz'], 'data.tar'],
    ['a middle part', ['data.tar.gz', 'data_0002.tar.gz', '16400.tar.gz'], 'data_0001.tar'],
    ['a tablespace', ['data.tar.gz'], '16400.tar'],
    ['a tablespace’s first part', ['data.tar.gz', '16400_0001.tar.gz'], '16400.tar'],
  ])('without %s is refused, naming it', async (_, tars, missing) => {
    const { problems } = await inspect({ info: { tablespaces: "[('ts', 16400, '/ts')]" }, tars });
    expect(problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining(missing) },
    ]);
  });

  it('has its parts in the order of their numbers where those get wider', async () => {
    const { archives } = await inspect({ tars: ['data_10000.tar.gz', 'data_9999.tar.gz', 'data.tar.gz'] });
    expect(archives.map(({ part }) => part)).toEqual([0, 9999, 10000]);
  });

  it('is estimated from its stored size when nothing better is known', async () => {
    const contents = await inspect({ info: { cluster_size: null } });
    expect(contents.dataBytes).toBe((contents.archives[0]?.sizeBytes ?? 0) * 4);
  });

  it('with the same part twice is refused', async () => {
    const { problems } = await inspect({ tars: ['data.tar.gz', 'data.tar'] });
    expect(problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('same part') },
    ]);
  });

  it('is believed by content, not by ending', async () => {
    const contents = await inspect({ tars: ['data.tar.bz2'] });
    expect(contents.problems).toEqual([]);
    expect(contents.archives[0]?.codec).toBe('gzip');
  });

  it.each([
    ['an error page', Buffer.from('{"error": "Service Unavailable"}'), 'Service Unavailable'],
    ['nothing', Buffer.alloc(0), 'empty'],
  ])('with %s instead of data is refused, saying so', async (_, content, said) => {
    await putBarmanBackup(store, folder);
    await store.put(`${folder}data.tar.gz`, content);
    const { problems } = await inspectNow();
    expect(problems).toMatchObject([{ message: expect.stringContaining(said) }]);
  });

  it('with a tablespace tar that backup.info does not name is restored with it', async () => {
    const contents = await inspect({ tars: ['data.tar.gz', '16999.tar.gz'] });
    expect(contents.problems).toEqual([]);
    expect(contents.backup.tablespaces).toEqual([{ oid: '16999', name: null, location: null }]);
    expect(contents.warnings).toEqual([expect.stringContaining('16999')]);
  });

  it.each([
    ['encrypted', { encryption: 'gpg' }, 'gpg'],
    ['of an old server', { version: '120006' }, 'PostgreSQL 12'],
  ])('that is %s is refused', async (_, info, said) => {
    const { problems } = await inspect({ info });
    expect(problems).toMatchObject([{ code: 'FORMAT_UNKNOWN', message: expect.stringContaining(said) }]);
  });
});

describe('a barman-cloud backup that is kept', () => {
  const keptOf = async (storage: ObjectStorage) =>
    (await barmanCloud.list(storage, 'pg/', signal)).map((backup) => [backup.id, backup.kept]);

  it.each(['full', 'standalone'])('says so (%s)', async (kept) => {
    await putBarmanBackup(store, folder);
    await putBarmanBackup(store, 'pg/main/base/20261121T020006/');
    await store.put(`${folder}annotations/keep`, kept);
    expect(await keptOf(store.storage)).toEqual([
      [id, kept],
      ['20261121T020006', undefined],
    ]);
  });

  it('says so where barman puts the annotation when its address ends with a slash, and is listed once', async () => {
    await putBarmanBackup(store, folder);
    // No directory can hold such a key.
    const { storage } = store;
    const stray = `pg//main/base/${id}/annotations/keep`;
    const object = { key: stray, sizeBytes: 4, etag: '"e"', modifiedAt: '2026-11-20T03:00:00Z' };
    const bucket: ObjectStorage = {
      ...storage,
      async *list(prefix, options) {
        if (stray.startsWith(prefix)) yield { ...object, storageClass: null };
        if (!prefix.includes('//')) yield* storage.list(prefix, options);
      },
      async listFolders(prefix) {
        const next = stray.slice(prefix.length).split('/')[0];
        const strayFolder = stray.startsWith(prefix) ? [`${prefix}${next}/`] : [];
        const folders = prefix.includes('//') ? [] : await storage.listFolders(prefix, signal);
        return [...new Set([...folders, ...strayFolder])];
      },
      readSmall: async (key) => (key === stray ? Buffer.from('full') : storage.readSmall(key, signal)),
    };
    expect(await bucket.listFolders('pg/', signal)).toEqual(['pg/main/', 'pg//']);
    expect(await keptOf(bucket)).toEqual([[id, 'full']]);
  });

  it.each([
    ['standalone', [], 1],
    ['full', ['WAL_MISSING'], 0],
  ] as const)('as %s may or may not have a gap in the WAL behind it', async (kept, codes, warnings) => {
    await putSegments(store, 'pg/main/wals/', segmentNames(1, 9, 2));
    await store.put(`${folder}annotations/keep`, kept);
    const contents = await inspect();
    expect(contents.problems.map(({ code }) => code)).toEqual(codes);
    expect(contents.warnings).toHaveLength(warnings);
    expect(contents.wal?.lastSegment).toBe('000000010000000000000006');
  });
});

describe('a barman-cloud backup that was cut', () => {
  it('between two entries of an uncompressed tar is refused before anything is read', async () => {
    const members = [['./PG_VERSION', '17\n'] as const, ['backup_label', 'x'] as const];
    const tar = await tarBytes(members);
    await putBarmanBackup(store, folder, { tars: [] });
    for (const length of [tar.length - 1024, tar.length - 1024 - 512, 1024, 700]) {
      await store.put(`${folder}data.tar`, tar.subarray(0, length));
      expect((await inspectNow()).problems, `${length} bytes`).toMatchObject([
        { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('data.tar is cut short') },
      ]);
    }
    await store.put(`${folder}data.tar`, tar);
    expect((await inspectNow()).problems).toEqual([]);
  });
});

describe('a barman-cloud server', () => {
  it('has backups that are ordered by their ends, not by ids in local time', async () => {
    // Written when clocks went back, and by a host in another zone.
    const ends: [string, string][] = [
      ['20261025T025500', '2026-10-25 02:58:00+02:00'],
      ['20261025T021000', '2026-10-25 02:20:00+01:00'],
      ['20261024T223000', '2026-10-24 22:40:00-04:00'],
    ];
    for (const [name, end] of ends) {
      const info = { end_time: end, end_xlog: null, systemid: null, timeline: null };
      await putBarmanBackup(store, `pg/main/base/${name}/`, { info: { ...info, end_xlog: '0/5000120' } });
    }
    expect((await listBackups(store.storage, 'pg/', { signal })).map((backup) => backup.id)).toEqual(
      ends.map(([name]) => name),
    );
  });
});

describe('a barman-cloud backup that cannot be restored', () => {
  it.each([
    ['failed', { status: 'FAILED', error: 'no space left' }, 'failed', 'no space left'],
    ['failed although it has an end', { status: 'FAILED' }, 'failed', 'no reason recorded'],
    [
      'still runs',
      { status: 'STARTED', end_time: null, end_xlog: null, end_wal: null },
      'incomplete',
      'STARTED',
    ],
    ['is a snapshot', { snapshots_info: "{'provider': 'gcp'}" }, 'snapshot', 'volume snapshot'],
    ['is incremental', { parent_backup_id: '20261101T000000' }, 'incremental', '20261101T000000'],
    ['does not know its end', { end_xlog: null }, 'incomplete', 'where in the WAL'],
    ['is damaged', { status: null }, 'unreadable', 'no status'],
  ])('because it %s says so, in the list and when inspected', async (_, info, status, said) => {
    await putBarmanBackup(store, folder, { info });
    const [backup] = await listBackups(store.storage, 'pg/', { signal });
    expect(backup).toMatchObject({ id, status, problem: expect.stringContaining(said) });
    const contents = await inspectBackup(store.storage, backup!, signal);
    expect(contents.problems).toMatchObject([{ message: expect.stringContaining(said) }]);
    expect(contents.wal).toBeNull();
  });

  it('is listed without backup.info, and with nothing but backup.info', async () => {
    await putBarmanBackup(store, folder);
    await store.remove(`${folder}backup.info`);
    const other = 'pg/main/base/20261121T020006/';
    await putBarmanBackup(store, other, { tars: [] });
    expect(await listBackups(store.storage, 'pg/', { signal })).toMatchObject([
      { id, status: 'incomplete', problem: expect.stringContaining('no backup.info') },
      { id: '20261121T020006', status: 'incomplete', problem: expect.stringContaining('only backup.info') },
    ]);
  });

  it('does not hide the others', async () => {
    await putBarmanBackup(store, folder);
    await store.put('pg/main/base/20261121T020006/backup.info', gzipSync('binary'));
    await store.put('pg/main/base/notes/readme.txt', 'x');
    const backups = await listBackups(store.storage, 'pg/', { signal });
    expect(backups.map(({ status }) => status).sort()).toEqual(['complete', 'unreadable']);
  });

  it('because its backup.info was rewritten since the listing is noticed when inspected', async () => {
    await putBarmanBackup(store, folder);
    const [backup] = await listBackups(store.storage, 'pg/', { signal });
    await putBarmanBackup(store, folder, { info: { status: 'FAILED', error: 'late' } });
    expect((await inspectBackup(store.storage, backup!, signal)).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE' },
    ]);
  });
});
