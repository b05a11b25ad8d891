import type { ObjectStorage } from '../../storage/object-storage.ts';
import { searchFolders } from '../search-folders.ts';
import { backupsFolder } from './layout.ts';

/** Keys of the folders at or below `prefix` that hold `basebackups_005/`; its own address counts as the one above it. */
export async function findRoots(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<string[]> {
  const above = prefix.endsWith(backupsFolder('')) ? prefix.slice(0, -backupsFolder('').length) : prefix;
  return searchFolders(
    storage,
    above,
    (folder, children) => (children.includes(backupsFolder(folder)) ? 'found' : 'look below'),
    signal,
  );
}
