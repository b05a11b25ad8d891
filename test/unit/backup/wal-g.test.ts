import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import { selectBackup } from '../../../src/backup/select-backup.ts';
import { walG } from '../../../src/backup/wal-g/format.ts';
import {
  type BackupStore,
  clusterId,
  labelText,
  openBackupStore,
  putHistory,
  putSegments,
  segmentNames,
} from '../../support/backup-store.ts';
import { tarBytes } from '../../support/tar-bytes.ts';
import {
  controlBytes,
  putWalgBackup,
  sentinelText,
  tablespaceSpec,
  type WalgBackupOptions,
  walgParts,
} from '../../support/walg-backup.ts';

const signal = new AbortController().signal;
const id = 'base_000000010000000000000004';
const folder = `pg/basebackups_005/${id}/`;
const tars = `${folder}tar_partitions/`;
let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
  await putSegments(store, 'pg/wal_005/', segmentNames(1, 4, 3), { flat: true });
});
afterEach(() => store[Symbol.asyncDispose]());

async function inspect(options: WalgBackupOptions = {}) {
  await putWalgBackup(store, 'pg/', id, options);
  return inspectNow();
}
async function inspectNow() {
  const [backup] = await walG.list(store.storage, 'pg/', signal);
  return inspectBackup(store.storage, backup!, signal);
}

describe('a WAL-G backup', () => {
  it('is described from its sentinel, with every digit of its system identifier', async () => {
    await putWalgBackup(store, 'pg/', id, { sentinel: { Spec: tablespaceSpec, UserData: 'nightly' } });
    expect(await listBackups(store.storage, 'pg/', { signal })).toEqual([
      {
        id,
        format: 'wal-g',
        folder,
        server: 'pg',
        walFolder: 'pg/wal_005/',
        name: 'nightly',
        status: 'complete',
        problem: null,
        startedAt: '2026-11-20T02:00:06.812Z',
        finishedAt: '2026-11-20T02:06:59.120Z',
        storedBytes: expect.any(Number),
        dataBytes: 1000000,
        serverMajor: 17,
        systemIdentifier: clusterId,
        timeline: 1,
        beginLsn: '0/4000028',
        endLsn: '0/5000120',
        codec: 'gzip',
        serverVersion: 170011,
        tablespaces: [{ oid: '16400', name: null, location: '/mnt/fast/ts1' }],
      },
    ]);
  });

  it('is found from the bucket’s root, above its prefix, and at its own folder', async () => {
    await putWalgBackup(store, 'x/y/', id);
    for (const prefix of ['', 'x/', 'x/y/', 'x/y/basebackups_005/']) {
      const [backup] = await walG.list(store.storage, prefix, signal);
      expect(backup, prefix).toMatchObject({ id, server: 'y', walFolder: 'x/y/wal_005/' });
    }
    await putWalgBackup(store, '', id);
    const [backup] = await walG.list(store.storage, '', signal);
    expect(backup).toMatchObject({ server: null, folder: `basebackups_005/${id}/` });
  });

  it('is restored in the order of its parts, the control file last', async () => {
    const parts = Object.fromEntries(
      [1000, 2, 1, 999].map((part) => [`part_${String(part).padStart(3, '0')}`, [['/x', 'x']] as const]),
    );
    const contents = await inspect({ parts: { ...parts, copy_0: [['/y', 'y']], ...walgParts } });
    expect(contents.problems).toEqual([]);
    expect(contents.warnings).toEqual([]);
    expect(contents.archives.map(({ name }) => name)).toEqual([
      'copy_0.tar.gz',
      'part_001.tar.gz',
      'part_002.tar.gz',
      'part_999.tar.gz',
      'part_1000.tar.gz',
      'backup_label.tar.gz',
      'pg_control.tar.gz',
    ]);
    expect(contents.archives.at(-1)).toMatchObject({
      content: 'data',
      dialect: { rootedNames: true, mayLackEnd: true },
    });
    expect(contents.archives[0]?.dialect).toEqual({ rootedNames: true, mayLackEnd: false });
    // The last two hold what a stray copy in another part must not replace.
    expect(contents.archives.map(({ sharesNoFile }) => sharesNoFile ?? false)).toEqual([
      ...[true, true, true, true, true],
      ...[false, false],
    ]);
    expect(contents).toMatchObject({ dataBytes: 1000000, dataBytesIsExact: false, manifestKey: null });
  });

  it('may be uncompressed', async () => {
    const { problems, archives } = await inspect({ suffix: '' });
    expect(problems).toEqual([]);
    expect(archives.map(({ codec }) => codec)).toEqual(['none', 'none', 'none', 'none']);
  });

  it('takes its WAL from the flat archive, and follows a later timeline', async () => {
    await putSegments(store, 'pg/wal_005/', segmentNames(1, 1, 3), { flat: true });
    await putSegments(store, 'pg/wal_005/', segmentNames(2, 6, 2), { flat: true, suffix: '' });
    await putHistory(store, 'pg/wal_005/', 2, '1\t0/6000100\tno recovery target specified\n');
    for (const other of ['_delta.lz4', '.partial.gz', '.00000028.backup.gz', '.json'])
      await store.put(`pg/wal_005/${segmentNames(1, 5, 1)[0]}${other}`, 'x');
    const { wal, problems } = await inspect();
    expect(problems).toEqual([]);
    expect(wal).toMatchObject({
      source: 'archive',
      segmentBytes: 16 * 2 ** 20,
      timeline: 2,
      beginSegment: segmentNames(1, 4, 1)[0],
      consistentSegment: segmentNames(1, 5, 1)[0],
      lastSegment: segmentNames(2, 7, 1)[0],
    });
    expect(wal?.objects.map(({ key }) => key)).toEqual([
      'pg/wal_005/00000002.history.gz',
      'pg/wal_005/000000010000000000000004.gz',
      'pg/wal_005/000000010000000000000005.gz',
      'pg/wal_005/000000020000000000000006',
      'pg/wal_005/000000020000000000000007',
    ]);
  });

  it('without its WAL is refused, naming the first segment that is missing', async () => {
    await store.remove(`pg/wal_005/${segmentNames(1, 5, 1)[0]}.gz`);
    expect((await inspect()).problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: segmentNames(1, 5, 1)[0] } },
    ]);
  });

  it('whose WAL all lies before it is refused', async () => {
    await putWalgBackup(store, 'q/', id);
    await putSegments(store, 'q/wal_005/', segmentNames(1, 1, 3), { flat: true });
    const [backup] = await walG.list(store.storage, 'q/', signal);
    const { problems } = await inspectBackup(store.storage, backup!, signal);
    expect(problems).toMatchObject([{ code: 'WAL_MISSING' }]);
  });

  it.each([
    ['a part', 'part_001.tar.gz', 'part_001.tar.gz'],
    ['its label', 'backup_label.tar.gz', 'backup_label.tar.gz'],
    ['its control file', 'pg_control.tar.gz', 'pg_control.tar'],
  ])('without %s is refused, naming it', async (_, name, said) => {
    await putWalgBackup(store, 'pg/', id);
    await store.remove(`${tars}${name}`);
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining(said) },
    ]);
  });

  it('with the same part twice is refused', async () => {
    await putWalgBackup(store, 'pg/', id);
    await store.put(`${tars}part_001.tar`, await tarBytes([['/x', 'x']]));
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('same part') },
    ]);
  });

  it('with a part that nothing names is restored with it, and says so', async () => {
    await putWalgBackup(store, 'pg/', id);
    await store.put(`${tars}part_007.tar.gz`, gzipSync(await tarBytes([['/x', 'x']])));
    const { problems, warnings, archives } = await inspectNow();
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('part_007.tar.gz')]);
    // Its files may be in the others as well: then the order counts.
    expect(archives.some(({ sharesNoFile }) => sharesNoFile)).toBe(false);
  });

  it.each([
    ['a delta of its own name', { sentinel: {} }, `${id}_D_000000010000000000000002`],
    [
      'a delta',
      {
        sentinel: {
          DeltaLSN: 0x2000028,
          DeltaFrom: 'base_2',
          DeltaFullName: 'base_000000010000000000000002',
          DeltaCount: 1,
        },
      },
      id,
    ],
    ['a delta of an old version', { sentinel: { DeltaFromLSN: 0x2000028 } }, id],
  ])('that is %s is refused, with what to do instead', async (_, options, name) => {
    await putWalgBackup(store, 'pg/', name, options);
    const backups = await walG.list(store.storage, 'pg/', signal);
    expect(backups).toMatchObject([
      {
        status: 'incremental',
        problem: expect.stringMatching(/only what has changed.* Restore .* full backup/),
      },
    ]);
    expect(() => selectBackup(backups, { backup: name })).toThrow(
      expect.objectContaining({ code: 'BACKUP_INCOMPLETE' }),
    );
  });

  it('that is a delta is passed over for the newest full one', async () => {
    await putWalgBackup(store, 'pg/', id);
    const delta = 'base_000000010000000000000009_D_000000010000000000000004';
    const sentinel = { LSN: 0x9000028, FinishLSN: 0x9000120, DeltaFrom: id, DeltaFullName: id };
    await putWalgBackup(store, 'pg/', delta, { sentinel });
    const backups = await walG.list(store.storage, 'pg/', signal);
    expect(backups.map(({ problem }) => problem)).toContainEqual(expect.stringContaining(`--backup ${id}`));
    expect(selectBackup(backups, { backup: 'latest' }).backup.id).toBe(id);
  });

  it('that holds increments without saying so in its sentinel is refused', async () => {
    const Files = { '/base/5/1259': { IsIncremented: true, IsSkipped: false } };
    const filesMetadata = JSON.stringify({ Files, TarFileSets: {} });
    expect((await inspect({ filesMetadata })).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('/base/5/1259') },
    ]);
  });

  it('in which damaged pages were found when it was taken says so', async () => {
    const Files = {
      '/base/5/1259': { IsIncremented: false, IsSkipped: false, CorruptBlocks: { CorruptBlocksCount: 3 } },
      '/base/5/1260': { IsIncremented: false, IsSkipped: false, CorruptBlocks: null },
    };
    const { problems, warnings } = await inspect({ filesMetadata: JSON.stringify({ Files }) });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/in 1 files, in \/base\/5\/1259/)]);
  });

  it.each([
    ['is missing', null],
    ['is cut', '{"Files": {"/base/5/1259": {"IsIncr'],
  ])('whose files_metadata.json %s is refused', async (_, filesMetadata) => {
    expect((await inspect({ filesMetadata })).problems).toHaveLength(1);
  });

  it.each([
    ['was not wanted', { FilesMetadataDisabled: true }],
    ['did not exist in its version', { Version: undefined }],
  ])('whose files_metadata.json %s is restored with a warning', async (_, sentinel) => {
    const { problems, warnings } = await inspect({ filesMetadata: null, sentinel });
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('files_metadata.json')]);
  });

  it.each([
    [
      'system identifier',
      { SystemIdentifier: '7711482807481257681' },
      /system identifier 7711482807481257681/,
    ],
    ['major', { PgVersion: 160003 }, /PostgreSQL 16, but its tars say 17/],
    ['start position', { LSN: 0x4000060 }, /start position 0\/4000060/],
  ])('whose tars are of another %s is refused', async (_, sentinel, said) => {
    const { problems } = await inspect({ sentinel });
    expect(problems).toContainEqual(expect.objectContaining({ message: expect.stringMatching(said) }));
  });

  it('whose control file is damaged is refused', async () => {
    const damaged = Uint8Array.from(controlBytes);
    damaged[40] = (damaged[40] ?? 0) ^ 1;
    const { problems } = await inspect({
      parts: { ...walgParts, pg_control: [['/global/pg_control', damaged]] },
    });
    expect(problems).toMatchObject([
      { code: 'FORMAT_UNKNOWN', message: expect.stringContaining('checksum') },
    ]);
  });

  it('of another timeline than its label says is refused', async () => {
    const label = labelText({ timeline: 2 });
    const { problems } = await inspect({ parts: { ...walgParts, backup_label: [['backup_label', label]] } });
    expect(problems).toMatchObject([{ message: expect.stringMatching(/timeline 1, but its tars say 2/) }]);
  });

  it.each([
    ['OpenPGP', Buffer.from([0x85, 0x01, 0x0c, 0x03, 1, 2, 3, 4])],
    ['libsodium', Buffer.from('6b3fa1b2c3d4e5f60718293a4b5c6d7e', 'hex')],
  ])('encrypted with %s is refused once, with what to do', async (method, bytes) => {
    await putWalgBackup(store, 'pg/', id);
    for (const stem of Object.keys(walgParts)) await store.put(`${tars}${stem}.tar.gz`, bytes);
    expect((await inspectNow()).problems).toMatchObject([
      {
        code: 'FORMAT_UNKNOWN',
        message: expect.stringContaining(method),
        hint: expect.stringContaining('wal-g backup-fetch'),
      },
    ]);
  });

  it('of an old version names its tars in its sentinel', async () => {
    const TarFileSets = { 'part_001.tar.gz': [], 'part_002.tar.gz': [], 'part_003.tar.gz': [] };
    const sentinel = { Version: undefined, Files: {}, TarFileSets };
    const { problems, warnings } = await inspect({ filesMetadata: null, sentinel });
    expect(problems).toMatchObject([{ message: expect.stringContaining('part_003.tar.gz is missing') }]);
    expect(warnings).toEqual([]);
  });

  it('in brotli is known by its name, and by what it decodes to', async () => {
    await putWalgBackup(store, 'pg/', id, { suffix: '.br' });
    const { problems, archives } = await inspectNow();
    expect(problems).toEqual([]);
    expect(archives.map(({ codec }) => codec)).toEqual(['brotli', 'brotli', 'brotli', 'brotli']);
    for (const stem of Object.keys(walgParts)) {
      await store.put(`${tars}${stem}.tar.br`, Buffer.from('6b3fa1b2c3d4e5f60718293a4b5c6d7e', 'hex'));
    }
    expect((await inspectNow()).problems).toMatchObject([
      { hint: expect.stringContaining('wal-g backup-fetch') },
    ]);
  });

  it('that is cut between two entries of an uncompressed tar is refused', async () => {
    await putWalgBackup(store, 'pg/', id, { suffix: '' });
    const tar = await tarBytes(walgParts.part_001 ?? []);
    await store.put(`${tars}part_001.tar`, tar.subarray(0, -1024));
    expect((await inspectNow()).problems).toMatchObject([
      { code: 'BACKUP_INCOMPLETE', message: expect.stringContaining('part_001.tar is cut short') },
    ]);
  });

  it('may have a pg_control.tar that was never closed, as streamed ones do', async () => {
    await putWalgBackup(store, 'pg/', id, { suffix: '' });
    const tar = await tarBytes([['global/pg_control', controlBytes]]);
    await store.put(`${tars}pg_control.tar`, tar.subarray(0, -1024));
    expect((await inspectNow()).problems).toEqual([]);
  });

  it.each([
    ['permanent since it was taken', { IsPermanent: true }, null, true],
    ['marked permanent later', { IsPermanent: false }, '{"is_permanent": true}', true],
    ['no longer permanent', { IsPermanent: true }, '{"is_permanent": false}', false],
    ['not permanent', {}, 'not JSON', false],
  ])('that is %s may or may not have a gap in the WAL behind it', async (_, sentinel, metadata, may) => {
    await putSegments(store, 'pg/wal_005/', segmentNames(1, 9, 2), { flat: true });
    if (metadata !== null) await store.put(`${folder}metadata.json`, metadata);
    const { backup, problems } = await inspect({ sentinel });
    expect(backup.kept).toBe(may ? 'standalone' : undefined);
    expect(problems.map(({ code }) => code)).toEqual(may ? [] : ['WAL_MISSING']);
  });

  it('without a sentinel is listed as incomplete, and cannot be chosen', async () => {
    await putWalgBackup(store, 'pg/', id, { sentinel: null });
    const backups = await walG.list(store.storage, 'pg/', signal);
    expect(backups).toMatchObject([
      { id, status: 'incomplete', problem: expect.stringContaining('no sentinel') },
    ]);
    expect((await inspectNow()).problems).toMatchObject([{ code: 'BACKUP_INCOMPLETE' }]);
  });

  it('of which only the sentinel is left is incomplete', async () => {
    await store.put(`pg/basebackups_005/${id}_backup_stop_sentinel.json`, sentinelText());
    expect(await walG.list(store.storage, 'pg/', signal)).toMatchObject([
      { status: 'incomplete', problem: expect.stringContaining('only its sentinel') },
    ]);
  });

  it('beside another cluster’s needs the cluster named', async () => {
    await putWalgBackup(store, 'all/one/', id);
    await putWalgBackup(store, 'all/two/', id);
    const backups = await listBackups(store.storage, 'all/', { signal });
    expect(() => selectBackup(backups, { backup: 'latest' })).toThrow(/2 servers: one, two/);
    expect(selectBackup(backups, { backup: 'latest', server: 'two' }).backup.folder).toMatch(/^all\/two/);
  });
});
