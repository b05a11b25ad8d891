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

/** Written by `odo backup` before anything else, and removed after everything else. */
export const begunName = 'odo-backup.begun.json';
/** Written by `odo backup` last of all: without it, a folder with `begunName` holds no whole backup. */
export const finishedName = 'odo-backup.json';

/** Of `pg_basebackup -Fp`: the files without which a tree is no data directory, or no backup of one. */
export const versionName = 'PG_VERSION';
export const labelName = 'backup_label';
export const mapName = 'tablespace_map';
export const controlName = 'global/pg_control';

/** What `LABEL` says when nobody chose one (pg_basebackup.c). */
const defaultLabel = 'pg_basebackup base backup';

/** The name that somebody gave to a backup with `--label`; null for pg_basebackup's own. */
export const nameOfLabel = (label: string | null): string | null =>
  label === null || label === '' || label === defaultLabel ? null : label;
