import { describe, expect, it } from 'vitest';
import { barmanCloud } from '../../src/backup/barman-cloud/format.ts';
import { pgBasebackup } from '../../src/backup/pg-basebackup/format.ts';
import { planArchiveWal } from '../../src/backup/wal-archive.ts';
import { walG } from '../../src/backup/wal-g/format.ts';
import { segmentName } from '../../src/postgres/wal-segment.ts';
import { openS3Storage } from '../../src/storage/s3.ts';
import {
  type BackupStore,
  clusterId,
  openBackupStore,
  putBarmanBackup,
  putBaseBackup,
  putSegments,
  segmentNames,
} from '../support/backup-store.ts';
import { startS3Server } from '../support/s3-server.ts';
import { putWalgBackup, tablespaceSpec } from '../support/walg-backup.ts';
import { describeBackupFormat, type FormatFixture } from './backup-format.contract.ts';

/** The same store behind an S3 server: objects lie in its directory. */
async function openS3Store(): Promise<BackupStore> {
  const server = await startS3Server();
  const { endpoint, credentials } = server;
  const storage = openS3Storage({ bucket: 'backups', endpoint, credentials });
  const inner = await openBackupStore(`${server.directory}/backups`);
  const path = (key: string) => `${key}._S3rver_object`;
  return {
    storage,
    async put(key, content, modifiedAt) {
      await inner.put(path(key), content, modifiedAt);
      // The server keeps the checksum it computed beside the object.
      await inner.remove(`${path(key)}.md5`);
    },
    remove: (key) => inner.remove(path(key)),
    async [Symbol.asyncDispose]() {
      storage.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const barman: FormatFixture = {
  format: barmanCloud,
  async putComplete(store, prefix, day) {
    const folder = `${prefix}main/base/2026112${day}T000000/`;
    const info = { tablespaces: "[('ts', 16400, '/ts')]" };
    await putBarmanBackup(store, folder, { info, tars: ['data.tar.gz', '16400.tar.gz'] });
    await putSegments(store, `${prefix}main/wals/`, segmentNames(1, 4, 2));
  },
  putUnreadable: (store, prefix) => store.put(`${prefix}main/base/20261129T000000/backup.info`, '<html>'),
  archiveKey: (prefix, day) => `${prefix}main/base/2026112${day}T000000/data.tar.gz`,
  tablespacesApart: true,
};

const basebackup: FormatFixture = {
  format: pgBasebackup,
  putComplete: (store, prefix, day) => putBaseBackup(store, `${prefix}2026112${day}/`, { tablespace: '/ts' }),
  putUnreadable: (store, prefix) =>
    putBaseBackup(store, `${prefix}20261129/`, { label: 'START WAL LOCATION: nowhere\n' }),
  archiveKey: (prefix, day) => `${prefix}2026112${day}/base.tar.gz`,
  tablespacesApart: true,
};

const walgName = (day: number) =>
  `base_0000000100000000000000${day.toString(16).toUpperCase().padStart(2, '0')}`;

const walg: FormatFixture = {
  format: walG,
  async putComplete(store, prefix, day) {
    await putWalgBackup(store, prefix, walgName(day), { sentinel: { Spec: tablespaceSpec } });
    await putSegments(store, `${prefix}wal_005/`, segmentNames(1, 4, 2), { flat: true });
  },
  putUnreadable: (store, prefix) =>
    store.put(`${prefix}basebackups_005/${walgName(9)}_backup_stop_sentinel.json`, '<html>'),
  archiveKey: (prefix, day) => `${prefix}basebackups_005/${walgName(day)}/tar_partitions/part_002.tar.gz`,
  tablespacesApart: false,
};

describe.each([
  ['a directory', () => openBackupStore()],
  ['an S3 bucket', openS3Store],
])('in %s', (_, open) => {
  for (const fixture of [barman, basebackup, walg]) describeBackupFormat(fixture, open);
});

describe('a WAL archive of more objects than a page of a listing has', () => {
  it.each(['folders', 'flat'] as const)('is seen to its end (layout %s)', async (walLayout) => {
    await using store = await openS3Store();
    const segmentBytes = 16 * 2 ** 20;
    const count = 1100;
    const names = Array.from({ length: count }, (_, index) =>
      segmentName({ timeline: 1, number: 4 + index }, segmentBytes),
    );
    await putSegments(store, 'p/', names, { flat: walLayout === 'flat' });
    const { plan, problems } = await planArchiveWal(
      store.storage,
      {
        backupId: 'b',
        walFolder: 'p/',
        walLayout,
        timeline: 1,
        endTimeline: 1,
        beginLsn: '0/4000028',
        endLsn: '0/5000120',
        segmentBytes,
        systemIdentifier: clusterId,
      },
      new AbortController().signal,
    );
    expect(problems).toEqual([]);
    expect(plan?.objects).toHaveLength(count);
    expect(plan?.lastSegment).toBe(names.at(-1));
  });
});
