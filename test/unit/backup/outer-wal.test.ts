import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import { endsWithWal } from '../../../src/backup/pg-basebackup/wal-tar.ts';
import {
  type BackupStore,
  clusterId,
  labelText,
  openBackupStore,
  putBarmanBackup,
  putBaseBackup,
  putHistory,
  putSegments,
  segmentNames,
} from '../../support/backup-store.ts';
import { putPlainBackup } from '../../support/plain-backup.ts';
import { tarBytes, tarGz } from '../../support/tar-bytes.ts';

const signal = new AbortController().signal;
const folder = 'bb/20261120/';
let store: BackupStore;
let archive: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
  archive = await openBackupStore();
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await archive[Symbol.asyncDispose]();
});

async function inspect(prefix: string | null) {
  const [backup] = await listBackups(store.storage, 'bb/', { signal });
  const place = prefix === null ? null : { storage: archive.storage, prefix };
  return inspectBackup(store.storage, backup!, signal, place);
}

/** Segments right in one folder, as `archive_command = 'cp %p DIR/%f'` leaves them. */
async function putFlat(prefix: string, names: readonly string[]): Promise<void> {
  await putSegments(archive, 'tmp/', names, { suffix: '' });
  for (const name of names) {
    const key = `tmp/${name.slice(0, 16)}/${name}`;
    await archive.put(`${prefix}${name}`, await archive.storage.readSmall(key, signal));
    await archive.remove(key);
  }
}

describe('the WAL of a pg_basebackup made with -X none', () => {
  beforeEach(() => putBaseBackup(store, folder, { wal: null }));

  it('is asked for by name when no archive is given', async () => {
    const { problems, wal } = await inspect(null);
    expect(wal).toBeNull();
    expect(problems).toMatchObject([
      {
        code: 'WAL_MISSING',
        hint: expect.stringMatching(/000000010000000000000004.*--wal-url/),
      },
    ]);
  });

  it.each(['', 'pg/', 'pg/main/', 'pg/main/wals/'])(
    'comes from a barman archive named as %j',
    async (prefix) => {
      await putSegments(archive, 'pg/main/wals/', segmentNames(1, 3, 5));
      if (prefix === '') {
        // Two levels above are too many to guess from.
        expect((await inspect(prefix)).problems).toMatchObject([{ code: 'WAL_MISSING' }]);
        return;
      }
      const { problems, wal, warnings, backup } = await inspect(prefix);
      expect(problems).toEqual([]);
      expect(warnings).toEqual([]);
      expect(wal).toMatchObject({
        source: 'archive',
        isElsewhere: true,
        beginSegment: '000000010000000000000004',
        consistentSegment: '000000010000000000000005',
        lastSegment: '000000010000000000000007',
      });
      expect(wal?.objects).toHaveLength(4);
      expect(backup.systemIdentifier).toBe(clusterId);
    },
  );

  it('comes from a folder of plain segments', async () => {
    await putFlat('wal/', segmentNames(1, 3, 4));
    const { problems, wal } = await inspect('wal/');
    expect(problems).toEqual([]);
    expect(wal?.objects.map(({ key }) => key)).toEqual(segmentNames(1, 4, 3).map((name) => `wal/${name}`));
  });

  it('follows the newest timeline that descends from the backup', async () => {
    await putSegments(archive, 'wals/', segmentNames(1, 4, 3));
    await putSegments(archive, 'wals/', segmentNames(2, 6, 2));
    await putHistory(archive, 'wals/', 2, '1\t0/6000100\tno recovery target specified\n');
    const { problems, wal } = await inspect('wals/');
    expect(problems).toEqual([]);
    expect(wal).toMatchObject({ timeline: 2, lastSegment: '000000020000000000000007' });
  });

  it('that has a hole before the end of the backup is missing', async () => {
    await putSegments(archive, 'wals/', segmentNames(1, 4, 1));
    expect((await inspect('wals/')).problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: '000000010000000000000005' } },
    ]);
  });

  it('of another cluster is refused', async () => {
    await putSegments(archive, 'wals/', segmentNames(1, 4, 2), { systemIdentifier: '7000000000000000001' });
    expect((await inspect('wals/')).problems).toMatchObject([
      { message: expect.stringContaining('another cluster') },
    ]);
  });

  it('of several servers is a question', async () => {
    await putSegments(archive, 'one/wals/', segmentNames(1, 4, 2));
    await putSegments(archive, 'two/wals/', segmentNames(1, 4, 2));
    expect((await inspect('')).problems).toMatchObject([
      { code: 'CHOICE_NEEDED', message: expect.stringContaining('one/wals/, two/wals/') },
    ]);
  });

  it('is nowhere at the address', async () => {
    await archive.put('x/readme.txt', 'x');
    expect((await inspect('x/')).problems).toMatchObject([{ code: 'WAL_MISSING' }]);
  });
});

describe('the end of a pg_basebackup without a manifest', () => {
  it('is in the backup history file of the archive', async () => {
    await putBaseBackup(store, folder, { wal: null, manifest: null });
    await putSegments(archive, 'wals/', segmentNames(1, 4, 4));
    const history = labelText().replace(
      'CHECKPOINT LOCATION',
      'STOP WAL LOCATION: 0/6000138 (file 000000010000000000000006)\nCHECKPOINT LOCATION',
    );
    const key = 'wals/0000000100000000/000000010000000000000004.00000028.backup.gz';
    await archive.put(key, gzipSync(history));
    const { problems, wal } = await inspect('wals/');
    expect(problems).toEqual([]);
    expect(wal).toMatchObject({ consistentSegment: '000000010000000000000006' });
  });

  it('is unknown without one, which is said', async () => {
    await putBaseBackup(store, folder, { wal: null, manifest: null });
    await putSegments(archive, 'wals/', segmentNames(1, 4, 2));
    const { problems, warnings } = await inspect('wals/');
    expect(problems).toEqual([]);
    expect(warnings).toContainEqual(expect.stringContaining('Where the backup ended'));
  });
});

describe('an archive named beside WAL that is inside', () => {
  it('is read, since it reaches further', async () => {
    await putBaseBackup(store, folder);
    await putSegments(archive, 'wals/', segmentNames(1, 4, 9));
    expect((await inspect('wals/')).wal).toMatchObject({
      source: 'archive',
      lastSegment: '00000001000000000000000C',
    });
  });

  it('is read for a plain backup as well', async () => {
    await putPlainBackup(store, folder, { wal: [] });
    await putSegments(archive, 'wals/', segmentNames(1, 4, 2), {
      systemIdentifier: (await inspect(null)).backup.systemIdentifier ?? '',
    });
    const { problems, wal } = await inspect('wals/');
    expect(problems).toEqual([]);
    expect(wal).toMatchObject({ source: 'archive', isElsewhere: true });
  });

  it('is of no use to a backup that knows its own, which is said', async () => {
    await putBarmanBackup(store, 'bb/main/base/20261120T020000/');
    await putSegments(store, 'bb/main/wals/', segmentNames(1, 4, 2));
    const { wal, warnings } = await inspect('wals/');
    expect(wal).not.toHaveProperty('isElsewhere');
    expect(warnings).toContainEqual(expect.stringContaining('--wal-url is not used'));
  });
});

describe('WAL inside base.tar without a manifest', () => {
  const base = (wal: readonly string[]) =>
    [
      ['backup_label', labelText()],
      ['PG_VERSION', '17\n'],
      ['global/pg_control', new Uint8Array(8192)],
      ...wal.flatMap((name) => [
        [`pg_wal/${name}`, new Uint8Array(8192)] as const,
        [`./pg_wal/archive_status/${name}.done`, ''] as const,
      ]),
    ] as const;

  it.each(['base.tar', 'base.tar.gz'])('is found in %s, or found not to be there', async (name) => {
    const put = async (wal: readonly string[]) => {
      const content = name === 'base.tar' ? await tarBytes(base(wal)) : await tarGz(base(wal));
      await store.put(`${folder}${name}`, content);
    };
    await put(segmentNames(1, 4, 2));
    const found = await inspect(null);
    expect(found.problems).toEqual([]);
    expect(found.wal).toMatchObject({ source: 'backup', lastSegment: '000000010000000000000005' });
    await put([]);
    expect((await inspect(null)).problems).toMatchObject([
      { code: 'WAL_MISSING', hint: expect.stringContaining('--wal-url') },
    ]);
    if (name === 'base.tar') {
      // However large it is, its end tells.
      const object = (await store.storage.stat(folder + name, signal))!;
      expect(await endsWithWal(store.storage, object, signal)).toBe(false);
      await put(segmentNames(1, 4, 2));
      const other = (await store.storage.stat(folder + name, signal))!;
      expect(await endsWithWal(store.storage, other, signal)).toBe(true);
    }
    await put(segmentNames(1, 5, 1));
    expect((await inspect(null)).problems).toMatchObject([
      { code: 'WAL_MISSING', details: { missing: '000000010000000000000004' } },
    ]);
  });
});
