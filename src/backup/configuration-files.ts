import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ArchiveObject, BackupContents, FileTree } from './base-backup.ts';
import { firstBlockBytes, readDecodedHead } from './object-head.ts';
import { scanTarHead } from './tar-head.ts';

/** Far more than any of them has. @unit bytes */
const largestFile = 512 * 1024;
/** A folder of includes may hold many. */
const mostFiles = 100;

/** Right in the data directory or in a folder of includes. */
const isConfiguration = (path: string): boolean => /^(?:[^/]+\/)?[^/]+\.conf$/.test(path);

/**
 * Configuration files of a backup that can be read before anything is restored, by path, one character a byte (latin1).
 * Of a plain backup all; of an archive those at its beginning, where barman puts the files right in the data directory.
 * Null when postgresql.conf is not among them: it lies further behind, or was outside the data directory.
 */
export async function readConfigurationFiles(
  storage: ObjectStorage,
  { archives, trees = [] }: Pick<BackupContents, 'archives' | 'trees'>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | null> {
  const tree = trees.find(({ content }) => content === 'data');
  const archive = archives.find(({ content, codec }) => content === 'data' && codec !== 'unknown');
  const files =
    tree !== undefined
      ? await filesOfTree(storage, tree, signal)
      : archive === undefined
        ? {}
        : await filesOfArchive(storage, archive, signal);
  return 'postgresql.conf' in files ? files : null;
}

async function filesOfTree(
  storage: ObjectStorage,
  { folder, files }: FileTree,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const wanted = files.filter(({ path, sizeBytes }) => isConfiguration(path) && sizeBytes <= largestFile);
  for (const { path } of wanted.slice(0, mostFiles)) {
    found[path] = Buffer.from(await storage.readSmall(folder + path, signal)).toString('latin1');
  }
  return found;
}

async function filesOfArchive(
  storage: ObjectStorage,
  archive: ArchiveObject,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  let count = 0;
  const chunks = readDecodedHead(storage, archive, archive.codec, { signal, limitBytes: firstBlockBytes });
  for await (const { name, type, sizeBytes, head } of scanTarHead(chunks, { headBytes: largestFile })) {
    if (type !== '0' || !isConfiguration(name) || sizeBytes > head.length) continue;
    found[name] = Buffer.from(head).toString('latin1');
    if (++count === mostFiles || isEnough(found)) break;
  }
  return found;
}

/** Nothing that is still missing could change what counts. */
const isEnough = (found: Readonly<Record<string, string>>): boolean =>
  ['postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf', 'pg_ident.conf'].every(
    (name) => name in found,
  ) && !/^[ \t]*include/im.test(found['postgresql.conf'] ?? '');
