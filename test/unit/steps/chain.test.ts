import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TarEntry } from '../../../src/archive/restore-archive.ts';
import type { ArchiveObject, BackupContents } from '../../../src/backup/base-backup.ts';
import { readChain } from '../../../src/steps/chain.ts';
import { type BackupStore, openBackupStore } from '../../support/backup-store.ts';
import { healthyBackup, healthyContents } from '../../support/facts.ts';
import { manifestText } from '../../support/manifest-text.ts';

let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
});
afterEach(() => store[Symbol.asyncDispose]());

const archive = (name: string, content: ArchiveObject['content']): ArchiveObject => ({
  name,
  key: name,
  sizeBytes: 1,
  etag: '"e"',
  codec: 'none',
  content,
  part: 0,
});
const data = archive('base.tar', 'data');
const space = archive('16400.tar', { tablespace: '16400' });

const entry = (path: string, kind: TarEntry['kind'] = 'file') => ({ path, kind }) as TarEntry;

async function chainOf(...links: readonly (readonly string[])[]) {
  for (const [index, paths] of links.entries()) {
    const files = paths.map((path) => ({ path, size: 8192 }));
    await store.put(`${index}/backup_manifest`, manifestText({ files, endLsn: '0/5000120' }));
  }
  const keys = links.map((_, index) => `${index}/backup_manifest`);
  const contents: BackupContents = {
    ...healthyContents,
    backup: { ...healthyBackup, beginLsn: '0/4000028' },
    archives: [data, space],
    manifestKey: keys.at(-1) ?? null,
    links: keys.slice(0, -1).map((manifestKey, index) => ({
      id: `link-${index}`,
      folder: `${index}/`,
      beginLsn: `0/${index + 2}000028`,
      endLsn: null,
      archives: [data, space],
      manifestKey,
    })),
  };
  const signal = new AbortController().signal;
  const placeWhole = (source: Pick<ArchiveObject, 'content'>, { path }: TarEntry) => ({
    kind: 'write' as const,
    path: source.content === 'data' ? path : `spaces/${path}`,
  });
  const chain = await readChain(store.storage, contents, placeWhole, signal);
  return Promise.all(chain.map(async (link) => ({ ...link, ...(await link.open()) })));
}

const inSpace = 'pg_tblspc/16400/PG_17_202406281/5';

it('takes from older backups only what is needed, and from the newest everything', async () => {
  const chain = await chainOf(
    ['base/5/1', 'base/5/gone', `${inSpace}/2`, 'PG_VERSION'],
    ['base/5/INCREMENTAL.1', `${inSpace}/INCREMENTAL.2`, 'PG_VERSION'],
    ['base/5/INCREMENTAL.1', `${inSpace}/INCREMENTAL.2`, 'PG_VERSION'],
  );
  const [full, middle, newest] = chain;
  expect(chain.map(({ inOnePiece }) => inOnePiece)).toEqual([false, true, true]);
  expect(chain.map(({ manifest }) => manifest?.fileCount)).toEqual([2, 2, 3]);

  expect(full?.place(data, entry('base/5/1'))).toEqual({ kind: 'write', path: 'base/5/1' });
  for (const path of ['base/5/gone', 'PG_VERSION', 'not-listed'])
    expect(full?.place(data, entry(path))).toEqual({ kind: 'skip' });
  // A database may have been dropped since.
  expect(full?.place(data, entry('base/6', 'directory'))).toEqual({ kind: 'skip' });
  expect(newest?.place(data, entry('base/5', 'directory'))).toEqual({ kind: 'write', path: 'base/5' });
  expect(newest?.place(data, entry('not-listed'))).toEqual({ kind: 'write', path: 'not-listed' });

  const patch = { kind: 'patch', path: 'base/5/1' };
  expect(middle?.place(data, entry('base/5/INCREMENTAL.1'))).toEqual({
    ...patch,
    keepBytes: 8192,
    isLast: false,
  });
  expect(newest?.place(data, entry('base/5/INCREMENTAL.1'))).toEqual({
    ...patch,
    keepBytes: null,
    isLast: true,
  });
  expect(middle?.place(space, entry('PG_17_202406281/5/INCREMENTAL.2'))).toEqual({
    kind: 'patch',
    path: 'spaces/PG_17_202406281/5/2',
    keepBytes: 8192,
    isLast: false,
  });
});

it('is one link that is placed as a whole for a full backup', async () => {
  const [only, ...more] = await chainOf(['base/5/1']);
  expect(more).toEqual([]);
  expect(only).toMatchObject({ inOnePiece: false, manifest: { fileCount: 1 } });
  expect(only?.place(data, entry('anything'))).toEqual({ kind: 'write', path: 'anything' });
});
