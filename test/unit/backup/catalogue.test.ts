import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBackups, listServers } from '../../../src/backup/catalogue.ts';
import {
  type BackupStore,
  openBackupStore,
  putBarmanBackup,
  putBaseBackup,
  putSegments,
  segmentNames,
} from '../../support/backup-store.ts';
import { putWalgBackup } from '../../support/walg-backup.ts';

const signal = new AbortController().signal;
let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
});
afterEach(() => store[Symbol.asyncDispose]());

const list = (prefix: string, server?: string) =>
  listBackups(store.storage, prefix, { ...(server === undefined ? {} : { server }), signal });

describe('the catalogue of an address', () => {
  it('holds the backups of every server and of every format below it, oldest first', async () => {
    await putBarmanBackup(store, 'p/one/base/20261121T000000/', {
      info: { end_time: '2026-11-21 00:10:00+00:00' },
    });
    await putBarmanBackup(store, 'p/two/base/20261119T000000/', {
      info: { end_time: '2026-11-19 00:10:00+00:00' },
    });
    await putBaseBackup(store, 'p/plain/20261120/', { modifiedAt: '2026-11-20T00:00:00Z' });
    expect((await list('p/')).map(({ server, id }) => [server, id])).toEqual([
      ['two', '20261119T000000'],
      [null, 'plain/20261120'],
      ['one', '20261121T000000'],
    ]);
  });

  it('may be a server’s own folder, or two above it', async () => {
    await putBarmanBackup(store, 'x/y/main/base/20261121T000000/');
    for (const prefix of ['x/y/main/', 'x/y/', 'x/']) {
      expect((await list(prefix)).map(({ server, walFolder }) => [server, walFolder])).toEqual([
        ['main', 'x/y/main/wals/'],
      ]);
    }
  });

  it('can be narrowed to one server', async () => {
    await putBarmanBackup(store, 'p/one/base/20261121T000000/');
    await putBarmanBackup(store, 'p/two/base/20261119T000000/');
    expect((await list('p/', 'two')).map(({ server }) => server)).toEqual(['two']);
  });

  it('names every server, also one that has WAL and no backup, but no folder of a pg_basebackup', async () => {
    await putBarmanBackup(store, 'p/two/base/20261119T000000/');
    await putBarmanBackup(store, 'p/one/base/20261121T000000/');
    await store.put('p/empty/wals/0000000100000000/000000010000000000000001', 'x');
    await putBaseBackup(store, 'p/plain/20261120/');
    expect(await listServers(store.storage, 'p/', signal)).toEqual(['empty', 'one', 'two']);
    expect(await listServers(store.storage, 'p/plain/', signal)).toEqual([]);
  });

  it('of a server that is not there names those that are, and the nearest', async () => {
    await putBarmanBackup(store, 'p/cluster-a/base/20261121T000000/');
    await expect(list('p/', 'cluster-a-1')).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      message: expect.stringContaining('only the servers cluster-a'),
      hint: 'Did you mean --server cluster-a?',
    });
  });

  it.each([
    ['mian', 'main'],
    ['Main', 'main'],
    ['cluster-a', 'cluster-a-1'],
  ])('of a server %j that is not there asks whether %s was meant', async (typed, meant) => {
    await putBarmanBackup(store, `p/${meant}/base/20261121T000000/`);
    await putBarmanBackup(store, 'p/other-one/base/20261121T000000/');
    await expect(list('p/', typed)).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      hint: `Did you mean --server ${meant}?`,
    });
  });

  it('of a cluster of WAL-G that is not there names those that are', async () => {
    await putWalgBackup(store, 'p/shop/', 'base_000000010000000000000004');
    await expect(list('p/', 'shpo')).rejects.toMatchObject({
      message: expect.stringContaining('only the servers shop'),
      hint: 'Did you mean --server shop?',
    });
  });

  it.each([
    ['team/prod/mian/', 'team/prod/main/'],
    ['taem/prod/main/', 'team/prod/main/'],
    ['team/main/', 'team/prod/main/'],
    ['prod/main/', 'team/prod/main/'],
  ])('that leads past what is there (%s) asks whether %s was meant', async (typed, meant) => {
    await putBarmanBackup(store, 'team/prod/main/base/20261121T000000/');
    await expect(list(typed)).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      message: expect.stringMatching(/^Nothing lies in .*: there is no \S+ in .*, only \S+\.$/),
      hint: expect.stringMatching(new RegExp(`^Did you mean .*/${meant}\\?$`)),
    });
  });

  it('that repeats the server’s name, because the tool had it in its address already, is found', async () => {
    await putBarmanBackup(store, 'main/main/base/20261121T000000/');
    for (const prefix of ['', 'main/', 'main/main/'])
      expect((await list(prefix)).map(({ server }) => server)).toEqual(['main']);
  });

  it('with nothing in it says so', async () => {
    await store.put('elsewhere/file', 'x');
    await expect(list('p/')).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      message: expect.stringContaining('Nothing lies in'),
    });
  });

  it('with other things in it names them', async () => {
    await store.put('p/photos/cat.jpg', 'x');
    await store.put('p/notes.txt', 'x');
    await expect(list('p/')).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      message: expect.stringContaining('photos/'),
    });
  });

  it('with WAL but no backup says that this is not enough', async () => {
    await putSegments(store, 'p/main/wals/', segmentNames(1, 4, 1));
    await expect(list('p/')).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      hint: expect.stringContaining('WAL alone'),
    });
  });
});
