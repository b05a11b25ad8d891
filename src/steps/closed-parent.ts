import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Owner } from '../target/tree.ts';

/**
 * The topmost directory above `path` that this user may not enter by its mode bits, or null. odo as root enters
 * everything; the server it starts as that user does not, and its message would not say why.
 */
export async function closedParentOf(path: string, owner: Owner): Promise<string | null> {
  const parents: string[] = [];
  for (let parent = dirname(path); parent !== dirname(parent); parent = dirname(parent))
    parents.unshift(parent);
  for (const parent of parents) {
    const stats = await stat(parent).catch(() => null);
    // What does not exist yet is made by odo, open to all (0755).
    if (stats === null) return null;
    const bit = stats.uid === owner.uid ? 0o100 : stats.gid === owner.gid ? 0o010 : 0o001;
    if ((stats.mode & bit) === 0) return parent;
  }
  return null;
}
