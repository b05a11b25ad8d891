import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { markerFile } from '../../src/target/target.ts';

interface DigestOptions {
  /** Of paths below the directory. @default all */
  readonly isLookedAt?: (path: string) => boolean;
  /** Of files: false leaves their bytes out. @default all */
  readonly hasContent?: (path: string) => boolean;
  /** Takes out of names and of texts that name places what differs from one restore to the next. */
  readonly normalized?: (text: string) => string;
}

const namesPlaces = /\.conf$|(^|\/)tablespace_map(\.old)?$/;

/** Owner and mode of every entry below a directory, by its path, with every byte of files; the run's mark left out. */
export async function treeDigest(
  directory: string,
  { isLookedAt = () => true, hasContent = () => true, normalized = (text) => text }: DigestOptions = {},
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const place = join(entry.parentPath, entry.name);
    const path = place.slice(directory.length + 1);
    if (path === markerFile || !isLookedAt(path)) continue;
    const { uid, gid, mode } = await lstat(place);
    let content = '';
    if (entry.isSymbolicLink()) content = `-> ${normalized(await readlink(place))}`;
    else if (entry.isFile() && hasContent(path)) {
      const bytes = await readFile(place);
      const compared = namesPlaces.test(path) ? normalized(bytes.toString()) : bytes;
      content = createHash('sha256').update(compared).digest('hex');
    }
    digests[normalized(path)] = `${uid}:${gid} ${(mode & 0o7777).toString(8)} ${content}`;
  }
  return digests;
}
