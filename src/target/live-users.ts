import type { Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerInfo, Docker } from '../docker/client.ts';
import { helperLabel } from '../docker/labels.ts';
import { systemCode } from './fs-errors.ts';
import { parseProcessStat } from './process-stat.ts';
import type { TargetFacts } from './target.ts';

export type LiveUser = TargetFacts['liveUsers'][number];

/** Running containers that see the volume or the directory, odo's helpers left aside. */
export async function containersUsing(
  docker: Docker,
  place: { readonly volume?: string; readonly path?: string },
  signal: AbortSignal,
): Promise<LiveUser[]> {
  const running = await docker.containers.list({}, signal);
  const others = running.filter((container) => container.Labels?.[helperLabel] === undefined);
  const users: ContainerInfo[] = [];
  for (const container of others) {
    for (const mount of container.Mounts ?? []) {
      if (!(await mountShows(mount, place, docker.isLocal))) continue;
      users.push(container);
      break;
    }
  }
  return users.map((container) => ({
    description: `the container ${(container.Names[0] ?? container.Id).replace(/^\//, '')} (${container.Image})`,
    containerId: container.Id,
  }));
}

/**
 * A directory above the place counts only when it is writable and not `/`: monitoring mounts the whole host. A mount of
 * the place itself counts also when it is read-only: whoever reads there would see it vanish.
 */
async function mountShows(
  mount: ContainerInfo['Mounts'][number],
  { path, volume }: { readonly volume?: string; readonly path?: string },
  isLocal: boolean,
): Promise<boolean> {
  if (volume !== undefined && mount.Name === volume) return true;
  if (path === undefined || mount.Source === '') return false;
  if (pathShows(mount.Source, mount.RW, path)) return true;
  // The engine keeps the path as it was given: a link, or another mount of the same directory.
  if (!isLocal) return false;
  const source = await fs.realpath(mount.Source).catch(() => mount.Source);
  return pathShows(source, mount.RW, path) || isSameFile(await statIfThere(source), await statIfThere(path));
}

function pathShows(source: string, isWritable: boolean, path: string): boolean {
  if (source === path || source.startsWith(`${path}/`)) return true;
  return isWritable && source !== '/' && path.startsWith(`${source}/`);
}

/**
 * PostgreSQL on this machine that works in the directory: by postmaster.pid, and by the working directory of
 * every process, which the server sets to its data directory. The latter also finds a server in a container,
 * whose postmaster.pid holds a number of another pid namespace.
 */
export async function serversIn(directory: string): Promise<LiveUser[]> {
  const pids = new Set<number>();
  const recorded = await recordedPid(directory);
  if (recorded !== null && (await looksLikeServer(recorded)) && (await mayWorkIn(recorded, directory)))
    pids.add(recorded);
  if (pids.size === 0) {
    const first = await firstServerWithin(directory);
    if (first !== null) pids.add(first);
  }
  return [...pids].map((pid) => ({ description: `PostgreSQL, pid ${pid}`, containerId: null }));
}

/** First line of postmaster.pid (miscinit.c, `CreateLockFile`); negative for a stand-alone backend. */
async function recordedPid(directory: string): Promise<number | null> {
  const text = await fs.readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Math.abs(Number.parseInt(text, 10));
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
}

/**
 * False when the process works in another directory: the number of a server that died is that of another server by now.
 * Of a process that cannot be looked at, as one of another user, it is not known.
 */
async function mayWorkIn(pid: number, directory: string): Promise<boolean> {
  const working = await statIfThere(`/proc/${pid}/cwd`);
  return working === null || isSameFile(working, await statIfThere(directory));
}

/**
 * A stale pid may belong to any process by now, so its name counts; when that is hidden, being alive does. One that has
 * ended, and that its parent has not asked about, does nothing any more.
 */
async function looksLikeServer(pid: number): Promise<boolean> {
  try {
    const found = parseProcessStat(await fs.readFile(`/proc/${pid}/stat`, 'utf8'));
    return found !== null && isServerName(found.name);
  } catch {
    return canSignal(pid) === 'not-permitted';
  }
}

function isServerName(comm: string): boolean {
  return /^(postgres|postmaster|edb-postgres)/.test(comm);
}

function canSignal(pid: number): 'yes' | 'not-permitted' | 'no' {
  try {
    process.kill(pid, 0);
    return 'yes';
  } catch (error) {
    return systemCode(error) === 'EPERM' ? 'not-permitted' : 'no';
  }
}

/**
 * PostgreSQL on this machine with a tablespace in the directory: by the links of the data directory that each works
 * in. A server in a container is found by its mounts; its links lead elsewhere on this machine.
 */
export async function serversWithTablespaceIn(directory: string): Promise<LiveUser[]> {
  const wanted = await statIfThere(directory);
  if (wanted === null) return [];
  for (const pid of await processIds()) {
    const links = `/proc/${pid}/cwd/pg_tblspc`;
    const oids = await fs.readdir(links).catch((): string[] => []);
    for (const oid of oids) {
      if (!isSameFile(await statIfThere(join(links, oid)), wanted) || !(await looksLikeServer(pid))) continue;
      return [{ description: `PostgreSQL, pid ${pid}, as its tablespace ${oid}`, containerId: null }];
    }
  }
  return [];
}

/** The lowest pid: the postmaster's, unless the numbers have started again. */
async function firstServerWithin(directory: string): Promise<number | null> {
  const wanted = await statIfThere(directory);
  if (wanted === null) return null;
  for (const pid of await processIds()) {
    // Processes of other users cannot be looked at without being root, and many end meanwhile.
    const working = await statIfThere(`/proc/${pid}/cwd`);
    if (isSameFile(working, wanted) && (await looksLikeServer(pid))) return pid;
  }
  return null;
}

async function processIds(): Promise<number[]> {
  const names = await fs.readdir('/proc').catch((): string[] => []);
  const pids = names.map(Number).filter((pid) => Number.isSafeInteger(pid) && pid > 0);
  return pids.sort((one, other) => one - other);
}

const statIfThere = (path: string): Promise<Stats | null> => fs.stat(path).catch(() => null);

const isSameFile = (one: Stats | null, other: Stats | null): boolean =>
  one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
