import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ArchiveObject, Codec } from '../../../src/backup/base-backup.ts';
import { readConfigurationFiles } from '../../../src/backup/configuration-files.ts';
import { openBackupStore } from '../../support/backup-store.ts';
import { type TarContent, tarBytes } from '../../support/tar-bytes.ts';

const signal = AbortSignal.timeout(30_000);

async function filesOf(members: TarContent, codec: Codec = 'gzip') {
  await using store = await openBackupStore();
  const tar = await tarBytes(members);
  await store.put('data.tar', codec === 'gzip' ? gzipSync(tar) : tar);
  const listed = await store.storage.stat('data.tar', signal);
  const archive: ArchiveObject = {
    name: 'data.tar',
    key: 'data.tar',
    sizeBytes: listed?.sizeBytes ?? 0,
    etag: listed?.etag ?? '',
    codec,
    content: 'data',
    part: 0,
  };
  return await readConfigurationFiles(store.storage, { archives: [archive] }, signal);
}

const barman: TarContent = [
  ['./', ''],
  ['./PG_VERSION', '17\n'],
  ['./override.conf', "restore_command = 'x'\n"],
  ['./postgresql.conf', "include 'custom.conf'\ninclude 'override.conf'\nlc_messages = 'fran\u00e7ais'\n"],
  ['./postgresql.auto.conf', ''],
  ['./custom.conf', 'ssl = on\n'],
  ['base/', ''],
  ['base/1/', ''],
  ['base/1/1259', 'x'],
  ['conf.d/tuning.conf', 'work_mem = 1MB\n'],
  ['base/1/x.conf/deep.conf', 'no'],
];

describe('the configuration in an archive', () => {
  it.each(['gzip', 'none'] as const)('is read from its beginning (%s), included files too', async (codec) => {
    const files = await filesOf(barman, codec);
    expect(Object.keys(files ?? {}).sort()).toEqual([
      'conf.d/tuning.conf',
      'custom.conf',
      'override.conf',
      'postgresql.auto.conf',
      'postgresql.conf',
    ]);
    // One character a byte.
    expect(files?.['postgresql.conf']).toContain('fran\u00c3\u00a7ais');
  });

  it('is not known when postgresql.conf lies behind what is read, or nowhere', async () => {
    const large = randomBytes(6 * 1024 * 1024);
    expect(
      await filesOf([
        ['base/1/1', large],
        ['./postgresql.conf', 'a = 1\n'],
      ]),
    ).toBeNull();
    expect(await filesOf([['./pg_hba.conf', 'local all all peer\n']])).toBeNull();
    expect(
      await filesOf([
        ['./postgresql.conf', 'a = 1\n'],
        ['base/1/1', large],
      ]),
    ).toEqual({
      'postgresql.conf': 'a = 1\n',
    });
  });
});

describe('the configuration of a plain backup', () => {
  it('is read file by file', async () => {
    await using store = await openBackupStore();
    const texts = {
      'postgresql.conf': 'include_dir = conf.d\n',
      'conf.d/a.conf': 'a = 1\n',
      PG_VERSION: '17\n',
    };
    for (const [path, text] of Object.entries(texts)) await store.put(`nightly/${path}`, text);
    const files = Object.entries(texts).map(([path, text]) => ({ path, sizeBytes: text.length, etag: 'e' }));
    const trees = [{ name: 'data', folder: 'nightly/', content: 'data', files }] as const;
    expect(await readConfigurationFiles(store.storage, { archives: [], trees }, signal)).toEqual({
      'postgresql.conf': texts['postgresql.conf'],
      'conf.d/a.conf': texts['conf.d/a.conf'],
    });
  });
});
