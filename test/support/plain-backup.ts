import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseControlFile } from '../../src/postgres/control-file.ts';
import { crc32c } from '../../src/postgres/crc32c.ts';
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
  readonly major?: number;
  /** Null: made with `--no-manifest`. */
  readonly manifest?: Partial<Parameters<typeof manifestText>[0]> | null;
  /** Where the files of a tablespace lie; the manifest lists them below pg_tblspc in any case. */
  readonly tablespaceFolder?: string;
}

/** The same control file as another major would have written it: what lies in front of the CRC has not moved since 13. */
export function controlOf(major: number): Uint8Array {
  const { controlVersion, catalogVersion } = controlVersions[major] ?? {};
  const bytes = Uint8Array.from(controlBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, controlVersion ?? 0, true);
  view.setUint32(12, catalogVersion ?? 0, true);
  const crcAt = major >= 18 ? 292 : 288;
  bytes.fill(0, 288, 296);
  view.setUint32(crcAt, crc32c(bytes.subarray(0, crcAt)), true);
  return bytes;
}

/** PG_CONTROL_VERSION (pg_control.h) and CATALOG_VERSION_NO (catversion.h). */
export const controlVersions: Readonly<Record<number, { controlVersion: number; catalogVersion: number }>> = {
  13: { controlVersion: 1300, catalogVersion: 202007201 },
  14: { controlVersion: 1300, catalogVersion: 202107181 },
  15: { controlVersion: 1300, catalogVersion: 202209061 },
  16: { controlVersion: 1300, catalogVersion: 202307071 },
  17: { controlVersion: 1700, catalogVersion: 202406281 },
  18: { controlVersion: 1800, catalogVersion: 202506291 },
};

/** A whole segment: only its first page header is real. */
export function segmentOf(
  name: string,
  options: { systemIdentifier?: string; major?: number } = {},
): Uint8Array {
  const { systemIdentifier = plainClusterId, major = 17 } = options;
  const segment = parseSegmentName(name, segmentBytes);
  if (segment === null) throw new Error(`${name} is not a segment`);
  const pageLsn = segmentStart(segment.number, segmentBytes);
  const bytes = new Uint8Array(segmentBytes);
  bytes.set(walPage({ timeline: segment.timeline, pageLsn, systemIdentifier, major }));
  return bytes;
}

/** What `pg_basebackup -Fp` leaves behind, in small, as a tool that keeps no empty folders uploads it. */
export async function putPlainBackup(
  store: BackupStore,
  folder: string,
  options: PlainBackupOptions = {},
): Promise<void> {
  const { major = 17 } = options;
  const all: Record<string, string | Uint8Array | null> = {
    backup_label: labelText(),
    PG_VERSION: `${major}\n`,
    'base/1/1259': 'x'.repeat(8192),
    'base/1/PG_VERSION': `${major}\n`,
    'global/1262': 'y'.repeat(8192),
    'global/pg_control': major === 17 ? controlBytes : controlOf(major),
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
    await store.put(`${folder}pg_wal/${name}`, segmentOf(name, { major }));
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
