import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What every entry below a directory is, by its path in it; `.odo-run.json`, which names a run, left out. */
async function entriesOf(
  directory: string,
  describe: (path: string) => Promise<string>,
): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.name === '.odo-run.json') continue;
    const path = join(entry.parentPath, entry.name);
    entries[path.slice(directory.length)] = await describe(path);
  }
  return entries;
}

/** The whole tree, every byte of it. */
export function contentsOf(directory: string): Promise<Record<string, string>> {
  return entriesOf(directory, async (path) => {
    const stats = await lstat(path);
    const digest = stats.isFile() ? createHash('sha1').update(await readFile(path)) : null;
    return `${stats.mode.toString(8)} ${stats.isFile() ? stats.size : ''} ${digest?.digest('hex') ?? ''}`;
  });
}

/** The same as long as nobody writes to it: which files they are, and when each was last changed. */
export function changesOf(directory: string): Promise<Record<string, string>> {
  return entriesOf(directory, async (path) => {
    const { ino, size, mtimeMs, ctimeMs } = await lstat(path);
    return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  });
}
