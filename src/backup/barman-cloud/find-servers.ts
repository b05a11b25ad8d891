import type { ObjectStorage } from '../../storage/object-storage.ts';
import { isReservedFolder } from '../reserved-folders.ts';
import { folderName } from './layout.ts';

/** People give the folder of a server, the one above it, or (`s3://bucket/cluster` with a server `cluster`) one more up. */
const depthLimit = 2;

/**
 * Keys of the folders at or below `prefix` that hold `base/` or `wals/`. Nothing in the bucket lists servers, so the
 * folders are looked at; inside a server no further.
 */
export async function findServers(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<string[]> {
  return search(storage, prefix, depthLimit, signal);
}

async function search(
  storage: ObjectStorage,
  folder: string,
  depth: number,
  signal: AbortSignal,
): Promise<string[]> {
  const folders = await storage.listFolders(folder, signal);
  const names = folders.map(folderName);
  // A plain data directory has a base/ as well.
  if (names.includes('global')) return [];
  if (names.includes('base') || names.includes('wals')) return [folder];
  if (depth === 0) return [];
  const found: string[] = [];
  for (const child of folders.filter((key) => !isReservedFolder(key)))
    found.push(...(await search(storage, child, depth - 1, signal)));
  return found;
}
