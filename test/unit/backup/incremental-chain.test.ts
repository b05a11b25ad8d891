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
import { plainClusterId, putPlainBackup } from '../../support/plain-backup.ts';

const signal = new AbortController().signal;
let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
});
afterEach(() => store[Symbol.asyncDispose]());

interface Link extends BaseBackupOptions {
  /** Number of the segment in which the backup begins. */
  readonly segment: number;
  /** Of the backup before; absent for a full one. */
  readonly from?: number;
  readonly fromTimeline?: number;
  readonly files?: readonly { readonly path: string; readonly size: number }[];
}

const lsn = (segment: number) => `0/${segment}000028`;

const labelAt = (segment: number, extra = '') =>
  labelText({ extra })
    .replaceAll('0/4000', `0/${segment}000`)
    .replace('000000010000000000000004', segmentNames(1, segment, 1)[0] ?? '');

async function put(folder: string, { segment, from, fromTimeline = 1, ...options }: Link): Promise<void> {
  const { systemIdentifier = clusterId, files = [{ path: 'base/5/INCREMENTAL.1', size: 12 }] } = options;
  const extra =
    from === undefined ? '' : `INCREMENTAL FROM LSN: ${lsn(from)}\nINCREMENTAL FROM TLI: ${fromTimeline}\n`;
  await putBaseBackup(store, folder, {
    label: labelAt(segment, extra),
    wal: segmentNames(1, segment, 1),
    manifest: manifestText({
      files,
      systemIdentifier,
      startLsn: lsn(segment),
      endLsn: `0/${segment}000120`,
      version: 2,
    }),
    ...options,
  });
}

const full: Link = { segment: 2, files: [{ path: 'base/5/1', size: 8192 }] };

async function putChain(): Promise<void> {
  await put('bb/full/', full);
  await put('bb/first/', { segment: 3, from: 2 });
  await put('bb/second/', { segment: 4, from: 3 });
}

async function list(prefix = 'bb/') {
  const backups = await listBackups(store.storage, prefix, { signal });
  return new Map(backups.map((backup) => [backup.id, backup]));
}

async function inspect(id = 'second', prefix = 'bb/') {
  const backup = (await list(prefix)).get(id);
  return inspectBackup(store.storage, backup ?? expect.fail(`no ${id}`), signal);
}

describe('an incremental backup', () => {
  it('can be restored when every backup it builds on is there', async () => {
    await putChain();
    expect((await list()).get('second')).toMatchObject({
      status: 'complete',
      problem: null,
      serverMajor: 17,
      incremental: {
        fromLsn: '0/3000028',
        fromTimeline: 1,
        dependsOn: [
          { id: 'full', folder: 'bb/full/' },
          { id: 'first', folder: 'bb/first/' },
        ],
      },
    });
    const contents = await inspect();
    expect(contents.problems).toEqual([]);
    expect(contents.links).toMatchObject([
      { id: 'full', beginLsn: '0/2000028', endLsn: '0/2000120', manifestKey: 'bb/full/backup_manifest' },
      { id: 'first', beginLsn: '0/3000028' },
    ]);
    expect(contents.links?.map(({ archives }) => archives.map(({ name }) => name))).toEqual([
      ['full/base.tar.gz'],
      ['first/base.tar.gz'],
    ]);
    expect(contents).toMatchObject({ dataBytes: 8192 + 12 + 12, dataBytesIsExact: false });
    expect(contents.wal?.beginSegment).toBe('000000010000000000000004');
  });

  it('may build on a plain backup, of which only the needed files are read', async () => {
    await putPlainBackup(store, 'bb/full/', {
      files: { backup_label: labelAt(2), 'base/5/1': 'x'.repeat(8192) },
      manifest: { startLsn: lsn(2), endLsn: '0/2000120', version: 2 },
      wal: segmentNames(1, 2, 1),
    });
    await put('bb/first/', { segment: 3, from: 2, systemIdentifier: plainClusterId });
    const contents = await inspect('first');
    expect(contents.problems).toEqual([]);
    expect(contents.links).toMatchObject([
      {
        id: 'full',
        archives: [],
        trees: [{ name: 'full/data', folder: 'bb/full/', files: [{ path: 'base/5/1', sizeBytes: 8192 }] }],
      },
    ]);
    await store.remove('bb/full/base/5/1');
    expect((await inspect('first')).problems).toMatchObject([
      { message: expect.stringMatching(/base\/5\/1/) },
    ]);
  });

  it('is found to build on backups beside the address, when that is its own folder', async () => {
    await putChain();
    const contents = await inspect('.', 'bb/second/');
    expect(contents.problems).toEqual([]);
    expect(contents.links?.map(({ id }) => id)).toEqual(['../full', '../first']);
  });

  it('builds on a combined backup rather than on the incremental one it was made of', async () => {
    await putChain();
    await put('bb/combined/', { ...full, segment: 3 });
    expect((await list()).get('second')?.incremental?.dependsOn).toEqual([
      { id: 'combined', folder: 'bb/combined/' },
    ]);
  });

  it('is refused with the position of a backup that is missing, directly or further back', async () => {
    await putChain();
    await store.remove('bb/full/base.tar.gz');
    const backups = await list();
    expect(backups.get('first')).toMatchObject({
      status: 'incremental',
      problem: expect.stringMatching(/0\/2000028 on timeline 1, and no backup that begins there/),
    });
    expect(backups.get('second')).toMatchObject({
      status: 'incremental',
      problem: expect.stringMatching(/builds on first, which is incremental from 0\/2000028 on timeline 1/),
      incremental: { dependsOn: [{ id: 'first' }] },
    });
    expect((await inspect()).problems).toMatchObject([{ code: 'BACKUP_INCOMPLETE' }]);
  });

  it('is refused when what begins there is of another cluster', async () => {
    await putChain();
    await put('bb/full/', { ...full, systemIdentifier: '7000000000000000001' });
    expect((await list()).get('second')?.problem).toMatch(
      /full, is of another cluster \(system identifier 7000000000000000001 instead of/,
    );
  });

  it('is refused when what begins there is on another timeline', async () => {
    await put('bb/full/', full);
    await put('bb/first/', { segment: 3, from: 2, fromTimeline: 2 });
    expect((await list()).get('first')?.problem).toMatch(
      /incremental from 0\/2000028 on timeline 2, which is later/,
    );
  });

  it('is refused when a backup it builds on was not finished', async () => {
    await putChain();
    await store.remove('bb/first/backup_manifest');
    await store.put('bb/first/backup_manifest.tmp', '{');
    expect((await list()).get('second')?.problem).toMatch(/no backup that begins there/);
    await store.remove('bb/first/backup_manifest.tmp');
    expect((await list()).get('second')?.problem).toMatch(/builds on first, .*no finished backup_manifest/);
  });

  it('is refused when it says that it builds on itself', async () => {
    await put('bb/first/', { segment: 3, from: 3 });
    expect((await list()).get('first')?.problem).toMatch(/which is later/);
  });

  it('is refused when a manifest of the chain begins elsewhere than its label, or is of another cluster', async () => {
    await putChain();
    const text = { files: full.files ?? [], endLsn: '0/2000120' };
    await store.put('bb/full/backup_manifest', manifestText({ ...text, startLsn: '0/2000060', version: 2 }));
    expect((await inspect()).problems).toMatchObject([
      { message: expect.stringMatching(/full begins at 0\/2000028 .* and at 0\/2000060 .* by its manifest/) },
    ]);
    const systemIdentifier = '7000000000000000001';
    const foreign = { ...text, systemIdentifier, startLsn: '0/2000028', version: 2 } as const;
    await store.put('bb/full/backup_manifest', manifestText(foreign));
    expect((await inspect()).problems).toMatchObject([
      { message: expect.stringContaining('is of the cluster 7000000000000000001') },
    ]);
  });

  it('is refused when a file that it changes is nowhere whole', async () => {
    await putChain();
    await put('bb/full/', { ...full, files: [{ path: 'base/5/2', size: 8192 }] });
    expect((await inspect()).problems).toMatchObject([
      { message: expect.stringMatching(/full lists no base\/5\/1/) },
    ]);
  });

  it('is refused when an older backup lacks the tar of a tablespace that is needed, not of another', async () => {
    await putChain();
    const path = 'pg_tblspc/16400/PG_17_202406281/5/1';
    const dropped = { path: 'pg_tblspc/16500/PG_17_202406281/5/1', size: 8192 };
    await put('bb/full/', { ...full, files: [...(full.files ?? []), { path, size: 8192 }, dropped] });
    await put('bb/first/', {
      segment: 3,
      from: 2,
      tablespace: '/ts',
      files: [
        { path: 'base/5/INCREMENTAL.1', size: 12 },
        { path: path.replace('/5/1', '/5/INCREMENTAL.1'), size: 12 },
      ],
    });
    const found = await inspect('first');
    expect(found.problems).toMatchObject([{ message: expect.stringContaining('16400.tar') }]);
  });
});
