import type { ArchiveObject } from '../base-backup.ts';

const tarPattern = /^(base|pg_wal|\d{1,10})\.(?:tar(?:\.[A-Za-z0-9]+)?|tgz)$/;

/** What one file of `pg_basebackup -Ft` holds, by its name (basebackup manual page); null for other files. */
export function parseTarName(name: string): ArchiveObject['content'] | null {
  const [, stem] = tarPattern.exec(name) ?? [];
  if (stem === undefined) return null;
  if (stem === 'base') return 'data';
  return stem === 'pg_wal' ? 'wal' : { tablespace: stem };
}

export const manifestName = 'backup_manifest';
/** The client renames it when everything else is on disk: its presence alone means an unfinished backup. */
export const unfinishedManifestName = 'backup_manifest.tmp';
