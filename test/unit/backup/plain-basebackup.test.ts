import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import { selectBackup } from '../../../src/backup/select-backup.ts';
import { type BackupStore, labelText, openBackupStore, segmentNames } from '../../support/backup-store.ts';
import {
  controlBytes,
  type PlainBackupOptions,
  plainClusterId,
  putPlainBackup,
  segmentOf,
} from '../../support/plain-backup.ts';

const signal = new AbortController().signal;
const folder = 'bb/20261120/';
const inTablespace = { 'pg_tblspc/16400/PG_17_202406281/5/16401': 'z'.repeat(8192) };
let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
});
afterEach(() => store[Symbol.asyncDispose]());

async function inspect(options: PlainBackupOptions = {}) {
  await putPlainBackup(store, folder, options);
  return inspectNow();
}
async function inspectNow() {
  const [backup] = await listBackups(store.storage, 'bb/', { signal });
  return inspectBackup(store.storage, backup!, signal);
}

describe('a plain pg_basebackup', () => {
  it('is found by its folders, and described from its label and manifest', async () => {
    await putPlainBackup(store, folder, { files: inTablespace });
    expect(await listBackups(store.storage, 'bb/', { signal })).toEqual([
      expect.objectContaining({
        id: '20261120',
        format: 'pg-basebackup',
        folder,
        status: 'complete',
        serverMajor: 17,
        systemIdentifier: plainClusterId,
        timeline: 1,
        beginLsn: '0/4000028',
        endLsn: '0/5000120',
        tablespaces: [{ oid: '16400', name: null, location: null }],
      }),
    ]);
  });

  it('is taken for no server of barman, although it has a folder base', async () => {
    await putPlainBackup(store, folder);
    await store.put(`${folder}base/20261120T000000/PG_VERSION`, '17\n');
    expect((await listBackups(store.storage, 'bb/', { signal })).map(({ format }) => format)).toEqual([
      'pg-basebackup',
    ]);
  });

  it('is restored file by file, each pinned', async () => {
    const contents = await inspect();
    expect(contents.problems).toEqual([]);
    expect(contents.warnings).toEqual([]);
    expect(contents.archives).toEqual([]);
    const [data] = contents.trees ?? [];
    expect(data).toMatchObject({ name: 'data', folder, content: 'data' });
    for (const file of data?.files ?? []) {
      const { etag, sizeBytes } = (await store.storage.stat(folder + file.path, signal))!;
      expect(file).toEqual({ path: file.path, etag, sizeBytes });
    }
    expect(data?.files.map(({ path }) => path).sort()).toEqual([
      'PG_VERSION',
      'backup_label',
      'base/1/1259',
      'base/1/PG_VERSION',
      'global/1262',
      'global/pg_control',
      'pg_wal/000000010000000000000004',
      'pg_wal/000000010000000000000005',
      'postgresql.auto.conf',
    ]);
    expect(contents.wal).toMatchObject({
      source: 'backup',
      beginSegment: '000000010000000000000004',
      lastSegment: '000000010000000000000005',
    });
    expect(contents.manifestKey).toBe(`${folder}backup_manifest`);
    expect(JSON.parse(JSON.stringify(contents))).toEqual(contents);
  });

  it('carries the name that --label gave it, by which it can be chosen', async () => {
    await putPlainBackup(store, folder);
    await putPlainBackup(store, 'bb/20261121/', {
      files: { backup_label: labelText().replace('pg_basebackup base backup', 'before the move') },
    });
    const backups = await listBackups(store.storage, 'bb/', { signal });
    expect(backups.map(({ name }) => name).sort()).toEqual(['before the move', null].sort());
    expect(selectBackup(backups, { backup: 'before the move' }).backup.id).toBe('20261121');
  });

  it('leaves out what the manifest does not list, and says so', async () => {
    // A stale segment of a relation would count as part of it.
    const { trees, warnings, problems } = await inspect({
      unlisted: { 'base/1/1259.1': 'old', 'standby.signal': '' },
    });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('base/1/1259.1')]);
    expect(trees?.[0]?.files.map(({ path }) => path)).not.toContain('base/1/1259.1');
  });

  it('may have a postgresql.auto.conf that -R appended to', async () => {
    await putPlainBackup(store, folder);
    await store.put(`${folder}postgresql.auto.conf`, '# none\nprimary_conninfo = x\n');
    expect((await inspectNow()).problems).toEqual([]);
  });

  it('without a manifest is restored as it lies there, with a warning', async () => {
    const { trees, warnings, problems } = await inspect({ manifest: null, unlisted: { 'base/1/2': 'x' } });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('no backup_manifest')]);
    expect(trees?.[0]?.files.map(({ path }) => path)).toContain('base/1/2');
  });

  it('keeps no object whose name leads out of the directory', async () => {
    await putPlainBackup(store, folder, { manifest: null });
    const inner = store.storage;
    const strange = {
      key: `${folder}base/../../x`,
      sizeBytes: 1,
      etag: 'e',
      modifiedAt: '',
      storageClass: null,
    };
    const storage = {
      ...inner,
      async *list(prefix: string, options: { signal: AbortSignal }) {
        yield* inner.list(prefix, options);
        if (prefix === folder) yield strange;
      },
    };
    const [backup] = await listBackups(storage, 'bb/', { signal });
    const { trees, warnings } = await inspectBackup(storage, backup!, signal);
    expect(trees?.[0]?.files.some(({ path }) => path.includes('..'))).toBe(false);
    expect(warnings).toContainEqual(expect.stringContaining('base/../../x'));
  });
});

describe('a tablespace of a plain pg_basebackup', () => {
  it('may have been copied inside pg_tblspc', async () => {
    const { trees, problems, tablespaceBytes } = await inspect({ files: inTablespace });
    expect(problems).toEqual([]);
    expect(tablespaceBytes).toEqual({ 16400: 8192 });
    expect(trees?.[1]).toMatchObject({
      name: '16400',
      folder: `${folder}pg_tblspc/16400/`,
      content: { tablespace: '16400' },
      files: [{ path: 'PG_17_202406281/5/16401' }],
    });
  });

  it.each(['bb/cold/', 'bb/spaces/cold/'])('is found beside the backup by its files (%s)', async (place) => {
    const { trees, problems, backup } = await inspect({ files: inTablespace, tablespaceFolder: place });
    expect(problems).toEqual([]);
    expect(trees?.[1]).toMatchObject({ folder: place, files: [{ path: 'PG_17_202406281/5/16401' }] });
    expect(backup.tablespaces).toEqual([{ oid: '16400', name: null, location: null }]);
  });

  it('is a question when two folders fit, unless one is named like its OID', async () => {
    await putPlainBackup(store, folder, { files: inTablespace, tablespaceFolder: 'bb/one/' });
    await store.put('bb/two/PG_17_202406281/5/16401', 'z'.repeat(8192));
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'CHOICE_NEEDED', message: expect.stringContaining('bb/one/ and bb/two/') },
    ]);
    await store.put('bb/16400/PG_17_202406281/5/16401', 'z'.repeat(8192));
    const { trees, problems } = await inspectNow();
    expect(problems).toEqual([]);
    expect(trees?.[1]?.folder).toBe('bb/16400/');
  });

  it('that is nowhere, or whose files are of other sizes, is missing', async () => {
    await putPlainBackup(store, folder, { files: inTablespace, tablespaceFolder: 'bb/cold/' });
    await store.put('bb/cold/PG_17_202406281/5/16401', 'short');
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('tablespace 16400') },
    ]);
  });

  it('is not the file that a tool made of its link', async () => {
    const unlisted = { 'pg_tblspc/16400.rclonelink': '/ts' };
    const { trees, warnings } = await inspect({ files: inTablespace, manifest: null, unlisted });
    expect(warnings).toContainEqual(expect.stringContaining('pg_tblspc/16400.rclonelink'));
    expect(trees?.[0]?.files.some(({ path }) => path.startsWith('pg_tblspc/'))).toBe(false);
  });

  it('is named by the map of a copy that was made by hand, and missing where it is nowhere', async () => {
    const files = { ...inTablespace, tablespace_map: '16400 /srv/cold\n' };
    const { problems, backup } = await inspect({ files, manifest: null });
    expect(problems).toEqual([]);
    expect(backup.tablespaces).toEqual([{ oid: '16400', name: null, location: '/srv/cold' }]);
    await store.put(`${folder}tablespace_map`, '16400 /srv/cold\n16401 /srv/warm\n');
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('16401 (/srv/warm') },
    ]);
  });

  it('is known without a manifest by a folder named like its OID', async () => {
    const options = { files: inTablespace, tablespaceFolder: 'bb/16400/', manifest: null };
    const { trees, problems } = await inspect(options);
    expect(problems).toEqual([]);
    expect(trees?.[1]?.folder).toBe('bb/16400/');
  });
});

describe('a plain pg_basebackup that cannot be restored', () => {
  it('because files are missing names them', async () => {
    await putPlainBackup(store, folder);
    await store.remove(`${folder}base/1/1259`);
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('base/1/1259') },
    ]);
  });

  it('because a file was cut names it and both sizes', async () => {
    await putPlainBackup(store, folder);
    await store.put(`${folder}base/1/1259`, 'x'.repeat(4096));
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringMatching(/base\/1\/1259.*4096.*8192/) },
    ]);
  });

  it.each([
    ['backup_label', 'incomplete'],
    ['global/pg_control', 'incomplete'],
    ['PG_VERSION', 'incomplete'],
  ] as const)('because it has no %s', async (name, status) => {
    await putPlainBackup(store, folder, { manifest: null });
    await store.remove(folder + name);
    // The folder itself is still there.
    await store.put(`${folder}global/1260`, 'x');
    const [backup] = await listBackups(store.storage, 'bb/', { signal });
    expect(backup).toMatchObject({ status, problem: expect.stringContaining(name) });
    const { problems } = await inspectBackup(store.storage, backup!, signal);
    expect(problems.map(({ code }) => code)).toContain('BACKUP_INCOMPLETE');
  });

  it('because it was not finished', async () => {
    await putPlainBackup(store, folder, { manifest: null });
    await store.put(`${folder}backup_manifest.tmp`, 'x');
    const [backup] = await listBackups(store.storage, 'bb/', { signal });
    expect(backup).toMatchObject({ status: 'incomplete' });
  });

  it('because it is incremental', async () => {
    await putPlainBackup(store, folder, { manifest: null, files: { 'base/1/INCREMENTAL.1259': 'x' } });
    const [backup] = await listBackups(store.storage, 'bb/', { signal });
    expect(backup).toMatchObject({ status: 'incremental' });
  });

  it('because its files are of two clusters', async () => {
    const { problems } = await inspect({ manifest: { systemIdentifier: '7711119019082474104' } });
    expect(problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('7711119019082474104') },
    ]);
  });

  it('because its control file is damaged', async () => {
    const damaged = Uint8Array.from(controlBytes);
    damaged[0] = (damaged[0] ?? 0) ^ 1;
    const { problems } = await inspect({ files: { 'global/pg_control': damaged } });
    expect(problems.map(({ code }) => code)).toEqual(['FORMAT_UNKNOWN']);
  });

  it('because it has no WAL (-X none)', async () => {
    const { problems, wal } = await inspect({ wal: [] });
    expect(wal).toBeNull();
    expect(problems).toMatchObject([
      { code: 'WAL_MISSING', message: expect.stringContaining('000000010000000000000004') },
    ]);
  });

  it('because a segment of its WAL is missing or cut', async () => {
    await putPlainBackup(store, folder, { wal: segmentNames(1, 4, 1) });
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: '000000010000000000000005' } },
    ]);
    const cut = segmentOf('000000010000000000000005').subarray(0, 2 ** 20);
    await store.put(`${folder}pg_wal/000000010000000000000005`, cut);
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: '000000010000000000000005' } },
    ]);
  });
});
