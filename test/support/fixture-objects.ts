import { cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Fixture } from '../lab/fixtures.ts';

const ending = '._S3rver_object';

/** The objects of a fixture's backup and the files of the S3 server that hold them. */
export async function objectsOf({
  storageDir,
  bucket,
  prefix,
}: Pick<Fixture, 'storageDir' | 'bucket' | 'prefix'>): Promise<{ key: string; file: string }[]> {
  const root = join(storageDir, bucket);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ key: relative(root, file).slice(0, -ending.length), file }))
    .filter(({ key }) => key.startsWith(prefix));
}

/** The same backup as plain files below `directory`. */
export async function layOut(fixture: Fixture, directory: string): Promise<void> {
  for (const { key, file } of await objectsOf(fixture)) {
    const path = join(directory, key);
    await mkdir(dirname(path), { recursive: true });
    await cp(file, path);
  }
}
