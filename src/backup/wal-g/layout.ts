/** Keys as WAL-G writes them (backup.go, bundle.go and utility.go there). */
export const backupsFolderName = 'basebackups_005';
export const backupsFolder = (root: string): string => `${root}${backupsFolderName}/`;
export const walFolder = (root: string): string => `${root}wal_005/`;

const sentinelSuffix = '_backup_stop_sentinel.json';
export const sentinelKey = (root: string, id: string): string =>
  `${backupsFolder(root)}${id}${sentinelSuffix}`;
export const filesMetadataKey = (folder: string): string => `${folder}files_metadata.json`;
export const metadataKey = (folder: string): string => `${folder}metadata.json`;
export const tarFolder = (folder: string): string => `${folder}tar_partitions/`;

const namePattern = /^base_([0-9A-F]{8})[0-9A-F]{16}(?:_D_[0-9A-F]{24})?(?:_[0-9A-F]{1,16})?$/;

export function isBackupName(name: string): boolean {
  return namePattern.test(name);
}

/** The backup that a name right below `basebackups_005/` is the sentinel of; null for other names. */
export function backupOfSentinel(name: string): string | null {
  const id = name.endsWith(sentinelSuffix) ? name.slice(0, -sentinelSuffix.length) : '';
  return isBackupName(id) ? id : null;
}

/** Timeline of the segment in a backup's name. */
export function timelineOfBackup(id: string): number | null {
  const [, timeline] = namePattern.exec(id) ?? [];
  return timeline === undefined ? null : Number.parseInt(timeline, 16);
}

export interface PartName {
  /** `part_001`, `copy_0`, `pg_control`, `backup_label`. */
  readonly stem: string;
  /** Compression suffix with its dot, empty without one. */
  readonly suffix: string;
}

/** An object of `tar_partitions/`; null for what is no tar. */
export function parsePartName(name: string): PartName | null {
  const [, stem, suffix] = /^([^/]+)\.tar(\.[A-Za-z0-9]+)?$/.exec(name) ?? [];
  return stem === undefined ? null : { stem, suffix: suffix ?? '' };
}

/** Both hold what makes a directory startable. */
export const labelStem = 'backup_label';
export const controlStem = 'pg_control';
