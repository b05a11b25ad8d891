import type { ObjectStorage } from '../../storage/object-storage.ts';
import { type FolderVerdict, searchFolders } from '../search-folders.ts';
import { folderName } from './layout.ts';

/**
 * Keys of the folders at or below `prefix` that hold `base/` or `wals/`. Nothing in the bucket lists servers, so the
 * folders are looked at; inside a server no further.
 */
export async function findServers(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<string[]> {
  return searchFolders(storage, prefix, judge, signal);
}

function judge(_folder: string, children: readonly string[]): FolderVerdict {
  const names = children.map(folderName);
  // A plain data directory has a base/ as well.
  if (names.includes('global')) return 'none below';
  return names.includes('base') || names.includes('wals') ? 'found' : 'look below';
}
