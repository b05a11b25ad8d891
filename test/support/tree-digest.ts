import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Every entry below a directory with its mode, and every byte of its files; less the mark that names the run. */
export async function treeDigest(directory: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.name === '.odo-run.json') continue;
    const path = join(entry.parentPath, entry.name);
    const { mode } = await lstat(path);
    const content = entry.isFile()
      ? createHash('sha1')
          .update(await readFile(path))
          .digest('hex')
      : '';
    digests[path.slice(directory.length)] = `${mode.toString(8)} ${content}`;
  }
  return digests;
}
