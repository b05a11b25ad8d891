import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type BackupStore, clusterId, labelText } from './backup-store.ts';
import { type TarContent, tarBytes } from './tar-bytes.ts';

export type SentinelFields = Readonly<Record<string, unknown>>;

/** Of a real cluster of PostgreSQL 17 whose system identifier is `clusterId`. */
export const controlBytes = readFileSync(join(import.meta.dirname, '../fixtures/pg-control/pg17.bin'));

/** A sentinel as WAL-G writes it since version 2 of it; the system identifier is a number that JSON.parse rounds. */
export function sentinelText(change: SentinelFields = {}): string {
  const fields: SentinelFields = {
    LSN: 0x4000028,
    Timeline: 1,
    PgVersion: 170011,
    FinishLSN: 0x5000120,
    SystemIdentifier: clusterId,
    UncompressedSize: 1000000,
    CompressedSize: 250000,
    DataCatalogSize: 990000,
    Spec: null,
    Version: 2,
    StartTime: '2026-11-20T02:00:06.812377Z',
    FinishTime: '2026-11-20T02:06:59.120044Z',
    DateFmt: '%Y-%m-%dT%H:%M:%S.%fZ',
    Hostname: 'db1',
    DataDir: '/var/lib/postgresql/17/main',
    IsPermanent: false,
    ...change,
  };
  return JSON.stringify(fields).replace(/"SystemIdentifier":"(\d+)"/, '"SystemIdentifier":$1');
}

export interface WalgBackupOptions {
  readonly sentinel?: SentinelFields | null;
  /** Stem and members of every tar. */
  readonly parts?: Readonly<Record<string, TarContent>>;
  readonly suffix?: '' | '.gz' | '.br';
  /** Null: none is written. The default names the parts that are there. */
  readonly filesMetadata?: string | null;
  readonly modifiedAt?: string;
}

/** What `wal-g backup-push` leaves below `<root>basebackups_005/`, in small. */
export async function putWalgBackup(
  store: BackupStore,
  root: string,
  id: string,
  options: WalgBackupOptions = {},
): Promise<void> {
  const folder = `${root}basebackups_005/${id}/`;
  const { suffix = '.gz', modifiedAt, parts = walgParts } = options;
  for (const [stem, members] of Object.entries(parts)) {
    const tar = await tarBytes(members);
    await store.put(
      `${folder}tar_partitions/${stem}.tar${suffix}`,
      suffix === '' ? tar : suffix === '.gz' ? gzipSync(tar) : brotliCompressSync(tar),
      modifiedAt,
    );
  }
  const named = Object.entries(parts).filter(([stem]) => stem !== 'pg_control');
  const sets = named.map(([stem, members]) => [`${stem}.tar${suffix}`, members.map(([name]) => name)]);
  const files = named.flatMap(([, members]) => members.map(([name]) => [name, plainFile]));
  const metadata =
    options.filesMetadata === undefined
      ? JSON.stringify({ Files: Object.fromEntries(files), TarFileSets: Object.fromEntries(sets) })
      : options.filesMetadata;
  if (metadata !== null) await store.put(`${folder}files_metadata.json`, metadata, modifiedAt);
  if (options.sentinel !== null) {
    await store.put(
      `${root}basebackups_005/${id}_backup_stop_sentinel.json`,
      sentinelText(options.sentinel),
      modifiedAt,
    );
  }
}

const plainFile = {
  IsIncremented: false,
  IsSkipped: false,
  MTime: '2026-11-20T01:00:00Z',
  UpdatesCount: 0,
};

/** Names of a local backup: a slash in front, but not before what the server gives when the backup is stopped. */
export const walgParts: Readonly<Record<string, TarContent>> = {
  part_001: [
    ['/base/', ''],
    ['/PG_VERSION', '17\n'],
    ['/base/5/1259', 'x'],
  ],
  part_002: [['/pg_tblspc/16400/PG_17_202406281/5/16401', 'x']],
  backup_label: [
    ['backup_label', labelText()],
    ['tablespace_map', ''],
  ],
  pg_control: [['/global/pg_control', controlBytes]],
};

export const tablespaceSpec = {
  base_prefix: '/var/lib/postgresql/17/main',
  tablespaces: ['16400'],
  '16400': { loc: '/mnt/fast/ts1', link: 'pg_tblspc/16400' },
};
