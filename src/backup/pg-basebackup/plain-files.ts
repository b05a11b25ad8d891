import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import type { FileTree } from '../base-backup.ts';
import { manifestName, unfinishedManifestName } from './layout.ts';

/** What lies below the folder of a `pg_basebackup -Fp`. */
export interface PlainFiles {
  /** By path in the data directory; those of tablespaces are below `pg_tblspc/<oid>/`. */
  readonly files: ReadonlyMap<string, StoredObject>;
  readonly manifest: StoredObject | null;
  /** Only a manifest that was never finished is there. */
  readonly isUnfinished: boolean;
  /** Objects whose names cannot be paths of a data directory. */
  readonly strangers: readonly string[];
}

export async function listPlainFiles(
  storage: ObjectStorage,
  folder: string,
  signal: AbortSignal,
): Promise<PlainFiles> {
  const files = new Map<string, StoredObject>();
  const strangers: string[] = [];
  let manifest: StoredObject | null = null;
  let unfinished = false;
  for await (const object of storage.list(folder, { signal })) {
    const path = object.key.slice(folder.length);
    if (path === manifestName) manifest = object;
    else if (path === unfinishedManifestName) unfinished = true;
    // Consoles and some tools store an empty object for a folder.
    else if (path === '' || path.endsWith('/')) continue;
    else if (isPlainPath(path)) files.set(path, object);
    else strangers.push(path);
  }
  return { files, manifest, isUnfinished: unfinished && manifest === null, strangers };
}

/** Right below pg_tblspc there are only links, which some tools store as files (rclone's `16400.rclonelink`). */
const isPlainPath = (path: string): boolean =>
  !path.includes('\0') &&
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..') &&
  !/^pg_tblspc\/[^/]*$/.test(path);

const tablespacePath = /^pg_tblspc\/(\d{1,10})\/(.+)$/s;

/** OID and path of a tablespace's file; null for every other file. */
export function tablespaceFileOf(path: string): { oid: string; path: string } | null {
  const [, oid, inner] = tablespacePath.exec(path) ?? [];
  return oid === undefined || inner === undefined ? null : { oid, path: inner };
}

/** Files by the tree they belong to, each in the order of the listing. */
export function treesOf(folder: string, files: ReadonlyMap<string, StoredObject>): FileTree[] {
  const data: FileTree['files'][number][] = [];
  const tablespaces = new Map<string, FileTree['files'][number][]>();
  for (const [path, { sizeBytes, etag }] of files) {
    const inner = tablespaceFileOf(path);
    if (inner === null) {
      data.push({ path, sizeBytes, etag });
      continue;
    }
    const found = tablespaces.get(inner.oid) ?? [];
    tablespaces.set(inner.oid, found);
    found.push({ path: inner.path, sizeBytes, etag });
  }
  return [
    { name: 'data', folder, content: 'data', files: data },
    ...[...tablespaces].map(([oid, inner]) => tablespaceTree(oid, `${folder}pg_tblspc/${oid}/`, inner)),
  ];
}

export const tablespaceTree = (oid: string, folder: string, files: FileTree['files']): FileTree => ({
  name: oid,
  folder,
  content: { tablespace: oid },
  files,
});
