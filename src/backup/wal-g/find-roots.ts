import type { ObjectStorage } from '../../storage/object-storage.ts';
import { isReservedFolder } from '../reserved-folders.ts';
import { backupsFolder } from './layout.ts';

/** One prefix is one cluster; people give it, the one above several clusters, or one more up. */
const depthLimit = 2;

/** Keys of the folders at or below `prefix` that hold `basebackups_005/`; its own address counts as the one above it. */
export async function findRoots(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<string[]> {
  const above = prefix.endsWith(backupsFolder('')) ? prefix.slice(0, -backupsFolder('').length) : prefix;
  return search(storage, above, depthLimit, signal);
}

async function search(
  storage: ObjectStorage,
  folder: string,
  depth: number,
  signal: AbortSignal,
): Promise<string[]> {
  const folders = await storage.listFolders(folder, signal);
  if (folders.includes(backupsFolder(folder))) return [folder];
  if (depth === 0) return [];
  const found: string[] = [];
  for (const child of folders.filter((key) => !isReservedFolder(key)))
    found.push(...(await search(storage, child, depth - 1, signal)));
  return found;
}
