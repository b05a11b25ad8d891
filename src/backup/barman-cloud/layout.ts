/** Keys of a server's folder as barman-cloud-backup and barman-cloud-wal-archive write them. */
export const baseFolder = (serverFolder: string): string => `${serverFolder}base/`;
export const walFolder = (serverFolder: string): string => `${serverFolder}wals/`;

/** Last component of a folder's key: `prefix/server/` is `server`. */
export function folderName(folder: string): string {
  return folder.replace(/\/$/, '').split('/').at(-1) ?? '';
}

/** Local wall-clock time of the barman host, without zone: it names a backup and orders nothing. */
export function isBackupId(name: string): boolean {
  return /^\d{8}T\d{6}$/.test(name);
}

export interface PartName {
  /** `data`, or a tablespace's OID. */
  readonly content: string;
  /** From 0. */
  readonly part: number;
}

/** `data.tar.gz`, `data_0001.tar.gz`, `16400.tar`, `16400_0012.tar.bz2`; null for anything else. */
export function parsePartName(name: string): PartName | null {
  const [, content, part] = /^(data|\d+)(?:_(\d{4,}))?\.tar(?:\.[A-Za-z0-9]+)?$/.exec(name) ?? [];
  return content === undefined ? null : { content, part: part === undefined ? 0 : Number(part) };
}
