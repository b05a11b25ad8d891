import { readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** A cluster as Debian's postgresql-common knows it: configuration under /etc, started with pg_ctlcluster. */
export interface DebianCluster {
  readonly major: string;
  readonly name: string;
}

/** The cluster whose configuration names this data directory; null when the directory is nobody's. */
export async function findDebianCluster(
  dataDirectory: string,
  root = '/etc/postgresql',
): Promise<DebianCluster | null> {
  const wanted = await resolved(dataDirectory);
  for (const major of await names(root)) {
    for (const name of await names(join(root, major))) {
      const text = await readFile(join(root, major, name, 'postgresql.conf'), 'utf8').catch(() => '');
      // The last one counts, as for the server.
      const setting = text.match(/^[ \t]*data_directory[ \t]*=?[ \t]*'(?:[^']|'')*'/gm)?.at(-1);
      const path = /'(.*)'/.exec(setting ?? '')?.[1]?.replaceAll("''", "'");
      if (path !== undefined && (await resolved(path)) === wanted) return { major, name };
    }
  }
  return null;
}

const names = async (directory: string): Promise<string[]> =>
  (await readdir(directory).catch(() => [])).sort();

const resolved = (path: string): Promise<string> => realpath(path).catch(() => path);
