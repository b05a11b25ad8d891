import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Name, owner, mode, and content where `hasContent` says so, of everything below a directory. */
export async function digestTree(
  directory: string,
  hasContent: (path: string) => boolean,
  isLookedAt: (path: string) => boolean = () => true,
): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const place = join(entry.parentPath, entry.name);
    const path = place.slice(directory.length + 1);
    if (!isLookedAt(path)) continue;
    const { mode, uid, gid } = await lstat(place);
    const content =
      entry.isFile() && hasContent(path)
        ? createHash('sha1')
            .update(await readFile(place))
            .digest('hex')
        : '';
    tree[path] = `${uid}:${gid} ${mode.toString(8)} ${content}`;
  }
  return tree;
}
