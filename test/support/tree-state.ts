import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { markerFile } from '../../src/target/target.ts';

/** The same as long as nobody writes to it: which files they are, and when each was last changed. */
export async function changesOf(directory: string): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for (const path of await readdir(directory, { recursive: true })) {
    if (basename(path) === markerFile) continue;
    const { ino, size, mtimeMs, ctimeMs } = await lstat(join(directory, path));
    entries[path] = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  }
  return entries;
}
