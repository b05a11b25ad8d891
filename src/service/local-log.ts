import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { DebianCluster } from './debian-cluster.ts';

/**
 * Where the server's own words go when odo starts it, until its logging collector takes over. Below the data
 * directory, in the collector's default directory: writable for the owner, and the place a DBA looks first.
 */
export const startLog = 'log/odo-start.log';

/** The last lines of whichever of the server's logs was written last; of two at once, the logging collector's. */
export async function localLogTail(
  dataDirectory: string,
  cluster: DebianCluster | null,
  lines: number,
): Promise<string[]> {
  const candidates = [
    join(dataDirectory, startLog),
    ...(await currentLogs(dataDirectory)),
    ...(cluster === null ? [] : [`/var/log/postgresql/postgresql-${cluster.major}-${cluster.name}.log`]),
  ];
  let newest: { path: string; at: number } | null = null;
  for (const path of candidates) {
    const at = await stat(path).then(
      (found) => (found.size > 0 ? found.mtimeMs : null),
      () => null,
    );
    if (at !== null && (newest === null || at >= newest.at)) newest = { path, at };
  }
  if (newest === null) return [];
  const text = await readFile(newest.path, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines);
}

/** `stderr log/postgresql-2026-11-23.log` (manual, pg_current_logfile). */
async function currentLogs(dataDirectory: string): Promise<string[]> {
  const text = await readFile(join(dataDirectory, 'current_logfiles'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const path = line.slice(line.indexOf(' ') + 1).trim();
    return path === '' ? [] : [isAbsolute(path) ? path : join(dataDirectory, path)];
  });
}
