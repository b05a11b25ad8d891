import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What no two servers write alike, even without a kill: times and a random value of the promotion, the path of the
 * server's arguments, statistics. WAL that the promoted server wrote itself is on the new timeline.
 */
const ownOfServer =
  /^(global\/pg_control|postmaster\.opts|pg_stat\/pgstat\.stat|pg_wal\/0000000[2-9][0-9A-F]{16})$/;

/** Text in which paths and runs are named. */
const namesPlaces = /(\.conf|^tablespace_map\.old)$/;

/**
 * Owner, mode and content of everything below the directory, by path. `normalized` takes out of texts the
 * names that differ from one restore to the next.
 */
export async function digestsOf(
  directory: string,
  normalized: (text: string) => string,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(directory.length + 1);
    const { uid, gid, mode } = await lstat(file);
    const owned = `${uid}:${gid} ${(mode & 0o7777).toString(8)}`;
    digests[path] = owned;
    if (entry.isSymbolicLink()) digests[path] = `${owned} -> ${normalized(await readlink(file))}`;
    else if (entry.isFile() && !ownOfServer.test(path)) {
      const bytes = await readFile(file);
      const content = namesPlaces.test(path) ? normalized(bytes.toString()) : bytes;
      digests[path] = `${owned} ${createHash('sha256').update(content).digest('hex')}`;
    }
  }
  return digests;
}
