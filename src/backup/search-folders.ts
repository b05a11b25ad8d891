import type { ObjectStorage } from '../storage/object-storage.ts';
import { isReservedFolder } from './reserved-folders.ts';

/** People give the folder of one server or cluster, the one above several, or one more up. */
const depthLimit = 2;

/** What a folder is, by the folders right under it: one that was looked for, one that holds none, or neither. */
export type FolderVerdict = 'found' | 'none below' | 'look below';

/** Keys of the folders at or below `folder` that are found; inside one no further. */
export async function searchFolders(
  storage: ObjectStorage,
  folder: string,
  judge: (folder: string, children: readonly string[]) => FolderVerdict,
  signal: AbortSignal,
  depth = depthLimit,
): Promise<string[]> {
  const children = await storage.listFolders(folder, signal);
  const verdict = judge(folder, children);
  if (verdict === 'found') return [folder];
  if (verdict === 'none below' || depth === 0) return [];
  const found: string[] = [];
  for (const child of children.filter((key) => !isReservedFolder(key)))
    found.push(...(await searchFolders(storage, child, judge, signal, depth - 1)));
  return found;
}
