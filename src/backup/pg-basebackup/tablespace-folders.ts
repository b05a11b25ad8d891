import type { ErrorData } from '../../errors/serialize.ts';
import type { ManifestFile } from '../../postgres/backup-manifest.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { FileTree, TreeFile } from '../base-backup.ts';
import { mapLimited } from '../map-limited.ts';
import { problem } from '../problem.ts';
import { tablespaceFileOf, tablespaceTree } from './plain-files.ts';

const looksAtOnce = 8;

/** `PG_<major>_<catalog version>`: what every tablespace directory holds, and nothing else (relpath.h). */
const versionFolder = /^PG_\d+_\d+\/$/;

interface Beside {
  readonly folder: string;
  readonly files: readonly TreeFile[];
}

/**
 * Tablespaces that do not lie below pg_tblspc: the links there are lost in a bucket, and `-T` sent the files elsewhere.
 * Looked for beside the backup's folder and one folder further down. Which is which, the manifest tells by paths and
 * sizes.
 */
export async function findTablespacesBeside(
  storage: ObjectStorage,
  folder: string,
  missing: ReadonlyMap<string, readonly ManifestFile[]>,
  signal: AbortSignal,
): Promise<{ trees: FileTree[]; problems: ErrorData[] }> {
  const trees: FileTree[] = [];
  const problems: ErrorData[] = [];
  if (missing.size === 0) return { trees, problems };
  const candidates = folder === '' ? [] : await listBeside(storage, parentOf(folder), 2, signal);
  for (const [oid, files] of missing) {
    const fitting = candidates.filter((candidate) => holdsAll(candidate, files));
    const named = fitting.filter((candidate) => nameOf(candidate.folder) === oid);
    const [found, second] = named.length === 1 ? named : fitting;
    if (found === undefined) {
      problems.push(
        problem(
          'BACKUP_INCOMPLETE',
          `The ${files.length} files of tablespace ${oid} are neither in ${folder}pg_tblspc/${oid}/ nor, all of them, in a folder beside the backup.`,
          `Copy the tablespace's directory (the one that holds PG_…) to ${folder}pg_tblspc/${oid}/, or choose another backup.`,
          { oid, looked: candidates.map((candidate) => candidate.folder) },
        ),
      );
    } else if (second !== undefined) {
      const folders = fitting.map((candidate) => candidate.folder);
      problems.push(
        problem(
          'CHOICE_NEEDED',
          `The folders ${folders.join(' and ')} both fit tablespace ${oid}.`,
          `Move the right one to ${folder}pg_tblspc/${oid}/, or rename it to ${oid}.`,
          { oid, folders },
        ),
      );
    } else {
      trees.push(tablespaceTree(oid, found.folder, found.files));
    }
  }
  return { trees, problems };
}

/** Without a manifest, nothing but a folder's name can say whose tablespace it is: the OID. */
export async function findNumberedTablespaces(
  storage: ObjectStorage,
  folder: string,
  signal: AbortSignal,
): Promise<FileTree[]> {
  if (folder === '') return [];
  const beside = await storage.listFolders(parentOf(folder), signal);
  const trees: FileTree[] = [];
  for (const place of beside.filter((one) => /^\d{1,10}$/.test(nameOf(one)))) {
    const [found] = await listBeside(storage, place, 0, signal);
    if (found !== undefined) trees.push(tablespaceTree(nameOf(place), place, found.files));
  }
  return trees;
}

const parentOf = (folder: string): string => folder.replace(/[^/]*\/$/, '');
const nameOf = (folder: string): string => folder.split('/').at(-2) ?? '';

/** Folders at `place`, or so many levels below, that hold the files of a tablespace. */
async function listBeside(
  storage: ObjectStorage,
  place: string,
  depth: number,
  signal: AbortSignal,
): Promise<Beside[]> {
  const folders = await storage.listFolders(place, signal);
  const names = folders.map((child) => child.slice(place.length));
  if (names.some((name) => versionFolder.test(name))) {
    return [{ folder: place, files: await filesBelow(storage, place, signal) }];
  }
  // A data directory has tablespaces of its own.
  if (depth === 0 || names.includes('global/')) return [];
  const found = await mapLimited(folders, looksAtOnce, (child) =>
    listBeside(storage, child, depth - 1, signal),
  );
  return found.flat();
}

async function filesBelow(storage: ObjectStorage, folder: string, signal: AbortSignal): Promise<TreeFile[]> {
  const files: TreeFile[] = [];
  for await (const { key, sizeBytes, etag } of storage.list(`${folder}PG_`, { signal })) {
    if (!key.endsWith('/')) files.push({ path: key.slice(folder.length), sizeBytes, etag });
  }
  return files;
}

function holdsAll({ files }: Beside, listed: readonly ManifestFile[]): boolean {
  const sizes = new Map(files.map((file) => [file.path, file.sizeBytes]));
  return listed.every(({ path, sizeBytes }) => sizes.get(tablespaceFileOf(path)?.path ?? '') === sizeBytes);
}
