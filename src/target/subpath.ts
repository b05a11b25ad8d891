import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryGuard } from './directory-guard.ts';
import { syncDirectory } from './durable-fs.ts';
import { atPath } from './fs-errors.ts';
import { splitTreePath } from './tree-path.ts';

/**
 * The data directory below a volume's root, made when missing. Directories on the way to it are 0755, so that
 * the server's user gets through; it itself is 0700. A symbolic link anywhere is refused.
 */
export async function makeSubpath(volumeRoot: string, subpath: string): Promise<string> {
  const parts = splitTreePath(subpath);
  const guard = new DirectoryGuard(volumeRoot);
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const above = parts.slice(0, depth);
    if ((await guard.find(above, 'leave')) !== null) continue;
    const path = await guard.enter(above);
    const parent = join(path, '..');
    await atPath(path, async () => {
      if (depth < parts.length) await fs.chmod(path, 0o755);
      await syncDirectory(parent);
    });
  }
  return guard.enter(parts);
}

/** Null when it is not there. @throws ENTRY_REFUSED for a symbolic link on the way */
export async function findSubpath(volumeRoot: string, subpath: string): Promise<string | null> {
  return new DirectoryGuard(volumeRoot).find(splitTreePath(subpath), 'leave');
}
