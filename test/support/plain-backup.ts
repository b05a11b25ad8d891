import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseControlFile } from '../../src/postgres/control-file.ts';
import { parseSegmentName, segmentStart } from '../../src/postgres/wal-segment.ts';
import { type BackupStore, labelText, segmentNames } from './backup-store.ts';
import { manifestText } from './manifest-text.ts';
import { walPage } from './wal-page.ts';

const segmentBytes = 16 * 2 ** 20;

/** The control file of a real PostgreSQL 17. */
export const controlBytes: Uint8Array = new Uint8Array(
  readFileSync(join(import.meta.dirname, '../fixtures/pg-control/pg17.bin')),
);
export const plainClusterId: string = parseControlFile(controlBytes).systemIdentifier;

export interface PlainBackupOptions {
  /** Changes or, with null, leaves out files. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>;
  /** Files that are uploaded, but not in the manifest. */
  readonly unlisted?: Readonly<Record<string, string>>;
  readonly wal?: readonly string[];
  /** Null: made with `--no-manifest`. */
  readonly manifest?: Partial<Parameters<typeof manifestText>[0]> | null;
  /** Where the files of a tablespace lie; the manifest lists them below pg_tblspc in any case. */
  readonly tablespaceFolder?: string;
}

/** A whole segment: only its first page header is real. */
export function segmentOf(name: string, systemIdentifier = plainClusterId): Uint8Array {
  const segment = parseSegmentName(name, segmentBytes);
  if (segment === null) throw new Error(`${name} is not a segment`);
  const pageLsn = segmentStart(segment.number, segmentBytes);
  const bytes = new Uint8Array(segmentBytes);
  bytes.set(walPage({ timeline: segment.timeline, pageLsn, systemIdentifier }));
  return bytes;
}

/** What `pg_basebackup -Fp` leaves behind, in small, as a tool that keeps no empty folders uploads it. */
export async function putPlainBackup(
  store: BackupStore,
  folder: string,
  options: PlainBackupOptions = {},
): Promise<void> {
  const all: Record<string, string | Uint8Array | null> = {
    backup_label: labelText(),
    PG_VERSION: '17\n',
    'base/1/1259': 'x'.repeat(8192),
    'base/1/PG_VERSION': '17\n',
    'global/1262': 'y'.repeat(8192),
    'global/pg_control': controlBytes,
    'postgresql.auto.conf': '# none\n',
    ...options.files,
  };
  const files = Object.entries(all).flatMap(([path, content]) =>
    content === null ? [] : [{ path, content }],
  );
  for (const { path, content } of files) {
    const [, oid, inner] = /^pg_tblspc\/(\d+)\/(.*)$/.exec(path) ?? [];
    const isApart = oid !== undefined && options.tablespaceFolder !== undefined;
    await store.put(isApart ? `${options.tablespaceFolder}${inner}` : folder + path, content);
  }
  for (const name of options.wal ?? segmentNames(1, 4, 2)) {
    await store.put(`${folder}pg_wal/${name}`, segmentOf(name));
  }
  for (const [path, content] of Object.entries(options.unlisted ?? {})) {
    await store.put(folder + path, content);
  }
  if (options.manifest === null) return;
  const listed = files.map(({ path, content }) => ({ path, size: Buffer.byteLength(content) }));
  const manifest = {
    files: listed,
    systemIdentifier: plainClusterId,
    endLsn: '0/5000120',
    ...options.manifest,
  };
  await store.put(`${folder}backup_manifest`, manifestText(manifest));
}
