import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectBackup, listBackups } from '../../../src/backup/catalogue.ts';
import {
  type BackupStore,
  clusterId,
  labelText,
  openBackupStore,
  segmentNames,
} from '../../support/backup-store.ts';
import { manifestText } from '../../support/manifest-text.ts';
import { controlVersions, plainClusterId, putPlainBackup } from '../../support/plain-backup.ts';
import { tarGz } from '../../support/tar-bytes.ts';
import { walPage } from '../../support/wal-page.ts';

const signal = new AbortController().signal;
const folder = 'bb/20261120/';
let store: BackupStore;

beforeEach(async () => {
  store = await openBackupStore();
});
afterEach(() => store[Symbol.asyncDispose]());

async function inspectNow() {
  const [backup] = await listBackups(store.storage, 'bb/', { signal });
  return inspectBackup(store.storage, backup!, signal);
}

/** Up to 13 the label said `master`; the start timeline is in it since 11. */
const labelOf = (major: number): string =>
  major <= 13 ? labelText().replace('BACKUP FROM: primary', 'BACKUP FROM: master') : labelText();

const manifestVersion = (major: number): 1 | 2 => (major >= 17 ? 2 : 1);

async function putTars(major: number, label = labelOf(major), timeline = 1): Promise<void> {
  const tablespace = `PG_${major}_${controlVersions[major]?.catalogVersion}`;
  await store.put(
    `${folder}base.tar.gz`,
    await tarGz([
      ['backup_label', label],
      ['tablespace_map', '16400 /ts\n'],
      ['PG_VERSION', `${major}\n`],
      ['global/pg_control', new Uint8Array(8192)],
    ]),
  );
  await store.put(`${folder}16400.tar.gz`, await tarGz([[`${tablespace}/`, '']]));
  const pages = segmentNames(timeline, 4, 2).map((name, index) => {
    const pageLsn = BigInt(4 + index) * 16n * 2n ** 20n;
    return [name, walPage({ major, timeline, pageLsn, systemIdentifier: clusterId })] as const;
  });
  const histories = timeline > 1 ? [[`0000000${timeline}.history`, '1\t0/3000000\tx\n'] as const] : [];
  await store.put(`${folder}pg_wal.tar.gz`, await tarGz([...histories, ...pages]));
  const manifest = manifestText({
    files: [{ path: 'backup_label', size: label.length }],
    version: manifestVersion(major),
    systemIdentifier: clusterId,
    timeline,
    endLsn: '0/5000120',
  });
  await store.put(`${folder}backup_manifest`, manifest);
}

describe.each([13, 14, 15, 16, 17, 18])('a pg_basebackup of PostgreSQL %i', (major) => {
  it('as tars has its major in its WAL, and nothing against it', async () => {
    await putTars(major);
    const contents = await inspectNow();
    expect(contents.problems).toEqual([]);
    expect(contents.backup).toMatchObject({ serverMajor: major, systemIdentifier: clusterId, timeline: 1 });
  });

  it('in plain form has its major and cluster in its files, and nothing against it', async () => {
    const manifest = { version: manifestVersion(major) };
    await putPlainBackup(store, folder, { major, files: { backup_label: labelOf(major) }, manifest });
    const contents = await inspectNow();
    expect(contents.problems).toEqual([]);
    expect(contents.backup).toMatchObject({ serverMajor: major, systemIdentifier: plainClusterId });
  });
});

describe('a pg_basebackup with a label of another kind', () => {
  it('taken from a standby on a later timeline follows that timeline', async () => {
    const label = labelText({ timeline: 3 }).replace('BACKUP FROM: primary', 'BACKUP FROM: standby');
    await putTars(16, label, 3);
    const contents = await inspectNow();
    expect(contents.problems).toEqual([]);
    expect(contents.backup.timeline).toBe(3);
    expect(contents.wal).toMatchObject({ timeline: 3, beginSegment: '000000030000000000000004' });
  });

  it('made by hand in exclusive mode (up to 14) is restored without a manifest', async () => {
    const label = labelText().replace('BACKUP METHOD: streamed', 'BACKUP METHOD: pg_start_backup');
    await putPlainBackup(store, folder, { major: 14, files: { backup_label: label }, manifest: null });
    const contents = await inspectNow();
    expect(contents.problems).toEqual([]);
    expect(contents.wal).toMatchObject({ lastSegment: '000000010000000000000005' });
  });

  it.each([12, 19])('of PostgreSQL %i is refused by its major', async (major) => {
    await putPlainBackup(store, folder, { files: { PG_VERSION: `${major}\n` }, manifest: null });
    expect((await inspectNow()).problems).toContainEqual(
      expect.objectContaining({
        code: 'FORMAT_UNKNOWN',
        message: expect.stringContaining(`PostgreSQL ${major}`),
      }),
    );
  });
});
