import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OdoError } from '../errors/odo-error.ts';
import { syncDirectory } from '../target/durable-fs.ts';
import { atPath } from '../target/fs-errors.ts';
import { readPostmasterFile, signalProcess, stopSignals } from './postmaster.ts';

export interface ServerProcessEntry {
  readonly pid: number;
  /** Command line of the postmaster, title of the others. */
  readonly title: string;
}

/**
 * Processes of PostgreSQL whose working directory is this data directory: the postmaster and all of its children,
 * also those that go on after it was killed.
 */
export async function processesOn(dataDirectory: string): Promise<ServerProcessEntry[]> {
  const directory = await realpath(dataDirectory).catch(() => dataDirectory);
  const found: ServerProcessEntry[] = [];
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if ((await readlink(`/proc/${name}/cwd`)) !== directory) continue;
      const program = basename((await readlink(`/proc/${name}/exe`)).replace(/ \(deleted\)$/, ''));
      if (!/^(postgres|postmaster|edb-postgres)$/.test(program)) continue;
      const title = (await readFile(`/proc/${name}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
      found.push({ pid: Number(name), title });
    } catch {
      // It ended meanwhile, or is of a user whose servers odo could not have started.
    }
  }
  return found;
}

/** `-c cluster_name=NAME` of the postmaster, `postgres: NAME: checkpointer` of its children. */
const markOf = (clusterName: string): RegExp =>
  new RegExp(`(cluster_name=|^postgres: )${clusterName.replaceAll(/[^\w-]/g, '\\$&')}(:| |$)`);

/** Whether the server of that cluster name runs; what its children do alone does not count. */
export async function serverRuns(dataDirectory: string, clusterName: string): Promise<boolean> {
  const mark = markOf(clusterName);
  const found = await processesOn(dataDirectory);
  return found.some(({ title }) => title.includes('cluster_name=') && mark.test(title));
}

const deadlineMs = 60_000;

/**
 * Ends the server of that cluster name as a crash would, and returns when none of its processes is left. Others on
 * the same directory are left alone: after a restore that is the service itself.
 */
export async function endServers(dataDirectory: string, clusterName: string): Promise<void> {
  const mark = markOf(clusterName);
  const until = performance.now() + deadlineMs;
  const told = new Set<number>();
  for (;;) {
    const left = (await processesOn(dataDirectory)).filter(({ title }) => mark.test(title));
    if (left.length === 0) return;
    if (performance.now() > until) {
      const pids = left.map(({ pid }) => pid);
      throw new OdoError(
        'STEP_FAILED',
        `The recovery server of an earlier attempt does not end (pid ${pids.join(', ')}).`,
        {
          hint: 'Look at what it does (ps, its disk), end it and resume the run.',
          details: { pids },
        },
      );
    }
    // The postmaster ends its children; without one they have to be told themselves.
    const postmasters = left.filter(({ title }) => title.includes('cluster_name='));
    for (const { pid } of postmasters.length > 0 ? postmasters : left) {
      if (!told.has(pid)) signalProcess(pid, stopSignals.immediate);
      told.add(pid);
    }
    await delay(50);
  }
}

/**
 * After a power loss, the pid in a leftover postmaster.pid can by now be another process of the same user, and the
 * server would take that for a running one. Removed when no server at all works in the directory.
 */
export async function removeStalePostmasterFile(dataDirectory: string): Promise<void> {
  if ((await readPostmasterFile(dataDirectory)) === null) return;
  if ((await processesOn(dataDirectory)).length > 0) return;
  const path = join(dataDirectory, 'postmaster.pid');
  await atPath(path, async () => {
    await rm(path, { force: true });
    await syncDirectory(dirname(path));
  });
}
