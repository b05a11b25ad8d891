import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseSegmentName, segmentStart } from '../../src/postgres/wal-segment.ts';
import { openDirectoryStorage } from '../../src/storage/directory.ts';
import type { ObjectStorage } from '../../src/storage/object-storage.ts';
import { manifestText } from './manifest-text.ts';
import { tarGz } from './tar-bytes.ts';
import { walPage } from './wal-page.ts';

export const clusterId = '7711482807481257680';

/** A directory read like a bucket, into which a test composes backups. */
export interface BackupStore extends AsyncDisposable {
  readonly storage: ObjectStorage;
  put(key: string, content: string | Uint8Array, modifiedAt?: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export async function openBackupStore(existing?: string): Promise<BackupStore> {
  const directory = existing ?? (await mkdtemp(join(tmpdir(), 'odo-backups-')));
  return {
    storage: openDirectoryStorage(directory),
    async put(key, content, modifiedAt) {
      const path = join(directory, key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      if (modifiedAt !== undefined) await utimes(path, new Date(modifiedAt), new Date(modifiedAt));
    },
    remove: (key) => rm(join(directory, key), { force: true }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

export type InfoFields = Readonly<Record<string, string | null>>;

/** A `backup.info` as barman 3.20 writes it for a backup that went well; each test changes what it is about. */
export function backupInfoText(change: InfoFields = {}): string {
  const fields: InfoFields = {
    begin_time: '2026-11-20 02:00:06.812377+00:00',
    begin_wal: '000000010000000000000004',
    begin_xlog: '0/4000028',
    cluster_size: '1000000',
    compression: null,
    encryption: null,
    end_time: '2026-11-20 02:06:59.120044+00:00',
    end_wal: '000000010000000000000005',
    end_xlog: '0/5000120',
    error: null,
    parent_backup_id: null,
    pgdata: '/var/lib/postgresql/data',
    server_name: 'cloud',
    status: 'DONE',
    systemid: clusterId,
    tablespaces: null,
    timeline: '1',
    version: '170011',
    xlog_segment_size: '16777216',
    ...change,
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value ?? 'None'}\n`)
    .join('');
}

/** What `<server>/base/<id>/` holds besides tablespaces. */
export async function putBarmanBackup(
  store: BackupStore,
  folder: string,
  options: { info?: InfoFields; tars?: readonly string[] } = {},
): Promise<void> {
  const tar = await tarGz([
    ['./PG_VERSION', '17\n'],
    ['global/pg_control', new Uint8Array(8192)],
    ['backup_label', 'x'],
  ]);
  for (const name of options.tars ?? ['data.tar.gz']) await store.put(`${folder}${name}`, tar);
  await store.put(`${folder}backup.info`, backupInfoText(options.info));
}

export interface SegmentOptions {
  readonly systemIdentifier?: string;
  readonly segmentBytes?: number;
  readonly suffix?: string;
  /** @default what the suffix says: gzip, or as it is */
  readonly pack?: (page: Uint8Array) => Uint8Array;
  readonly modifiedAt?: string;
  /** WAL-G's way: all in one folder. */
  readonly flat?: boolean;
}

/** Segments as barman-cloud-wal-archive leaves them: the folder is the first 16 digits. Only their first page header is real. */
export async function putSegments(
  store: BackupStore,
  walFolder: string,
  names: readonly string[],
  options: SegmentOptions = {},
): Promise<void> {
  const { segmentBytes = 16 * 2 ** 20, suffix = '.gz' } = options;
  const { pack = (page) => (suffix === '.gz' ? gzipSync(page) : page) } = options;
  for (const name of names) {
    const segment = parseSegmentName(name, segmentBytes);
    if (segment === null) throw new Error(`${name} is not a segment`);
    const page = walPage({
      timeline: segment.timeline,
      pageLsn: segmentStart(segment.number, segmentBytes),
      systemIdentifier: options.systemIdentifier ?? clusterId,
      segmentBytes,
    });
    const content = pack(page);
    const folder = options.flat ? '' : `${name.slice(0, 16)}/`;
    await store.put(`${walFolder}${folder}${name}${suffix}`, content, options.modifiedAt);
  }
}

export const putHistory = (
  store: BackupStore,
  walFolder: string,
  timeline: number,
  text: string,
): Promise<void> =>
  store.put(`${walFolder}${timeline.toString(16).toUpperCase().padStart(8, '0')}.history.gz`, gzipSync(text));

/** `from` and `count` on one timeline in the first log, for segments of 16 MiB. */
export function segmentNames(timeline: number, from: number, count: number): string[] {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
  return Array.from({ length: count }, (_, index) => `${hex(timeline)}00000000${hex(from + index)}`);
}

export const labelText = (
  change: { timeline?: number; extra?: string } = {},
): string => `START WAL LOCATION: 0/4000028 (file ${segmentNames(change.timeline ?? 1, 4, 1)[0]})
CHECKPOINT LOCATION: 0/4000080
BACKUP METHOD: streamed
BACKUP FROM: primary
START TIME: 2026-11-20 02:00:07 UTC
LABEL: pg_basebackup base backup
START TIMELINE: ${change.timeline ?? 1}
${change.extra ?? ''}`;

export interface BaseBackupOptions {
  readonly label?: string | null;
  /** Path of tablespace 16400 on the source; null for a backup without one. */
  readonly tablespace?: string | null;
  readonly wal?: readonly string[] | null;
  readonly manifest?: string | null;
  readonly modifiedAt?: string;
  readonly systemIdentifier?: string;
}

/** What `pg_basebackup -Ft -z` leaves behind, in small. */
export async function putBaseBackup(
  store: BackupStore,
  folder: string,
  options: BaseBackupOptions = {},
): Promise<void> {
  const { label = labelText(), tablespace = null, wal = segmentNames(1, 4, 2), modifiedAt } = options;
  const { systemIdentifier = clusterId } = options;
  const base = await tarGz([
    ...(label === null ? [] : ([['backup_label', label]] as const)),
    ...(tablespace === null ? [] : ([['tablespace_map', `16400 ${tablespace}\n`]] as const)),
    ['base/', ''],
    ['PG_VERSION', '17\n'],
    ['global/pg_control', new Uint8Array(8192)],
  ]);
  await store.put(`${folder}base.tar.gz`, base, modifiedAt);
  if (tablespace !== null) {
    await store.put(`${folder}16400.tar.gz`, await tarGz([['PG_17_202406281/', '']]), modifiedAt);
  }
  if (wal !== null) {
    const pages = wal.map((name) => {
      const number = Number.parseInt(name.slice(16), 16);
      const page = walPage({ pageLsn: BigInt(number) * 16n * 2n ** 20n, systemIdentifier });
      return [name, page] as const;
    });
    await store.put(
      `${folder}pg_wal.tar.gz`,
      await tarGz([['archive_status/x.done', ''], ...pages]),
      modifiedAt,
    );
  }
  const manifest =
    options.manifest === undefined
      ? manifestText({
          files: [
            { path: 'backup_label', size: 225 },
            { path: 'global/pg_control', size: 8192 },
            ...(tablespace === null ? [] : [{ path: 'pg_tblspc/16400/PG_17_202406281/5/16401', size: 1000 }]),
          ],
          systemIdentifier,
          startLsn: '0/4000028',
          endLsn: '0/5000120',
        })
      : options.manifest;
  if (manifest !== null) await store.put(`${folder}backup_manifest`, manifest, modifiedAt);
}
