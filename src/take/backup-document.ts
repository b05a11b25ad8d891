import { z } from 'zod';
import type { Compression } from './take-request.ts';

const storedObject = z.object({
  /** Below the backup's folder. */
  name: z.string(),
  sizeBytes: z.number(),
  sha256: z.string(),
});

/** `odo-backup.json`: what `odo backup` knows of a backup that is complete. Fields may be added. */
const backupDocument = z.object({
  formatVersion: z.literal(1),
  id: z.string(),
  labels: z.record(z.string(), z.string()),
  serverVersion: z.string(),
  /** `server_version_num` */
  serverVersionNumber: z.number(),
  systemIdentifier: z.string(),
  timeline: z.number(),
  startLsn: z.string(),
  /** Null when the server wrote no range of WAL into the manifest. */
  stopLsn: z.string().nullable(),
  /** Of the tar, unpacked. */
  tarBytes: z.number(),
  compression: z.enum(['zstd', 'gzip', 'none'] satisfies Compression[]),
  objects: z.array(storedObject),
  startedAt: z.string(),
  finishedAt: z.string(),
  odoVersion: z.string(),
});

export type BackupDocument = Readonly<z.output<typeof backupDocument>>;

export const writeDocument = (document: BackupDocument): Uint8Array =>
  Buffer.from(`${JSON.stringify(document, null, 2)}\n`);

/** Null for what is no such document, or one of a later odo: it is left alone. */
export function readDocument(bytes: Uint8Array): BackupDocument | null {
  try {
    const read = backupDocument.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

const extensions = { zstd: '.zst', gzip: '.gz', none: '' } as const satisfies Record<Compression, string>;

export const baseName = (compression: Compression): string => `base.tar${extensions[compression]}`;

/** Whatever a base backup may be called, for one of which no document is left. */
export const baseNames: readonly string[] = (Object.keys(extensions) as Compression[]).map(baseName);

/** `20261128T091500Z` */
export const idOf = (time: Date): string => time.toISOString().replaceAll(/[-:]|\.\d+/g, '');
