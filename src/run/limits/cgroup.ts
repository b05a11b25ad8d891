import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the control group of this process leaves it; null where it sets no limit. */
export interface CgroupLimits {
  /** @unit bytes */
  readonly memoryBytes: number | null;
  /** Processor time for each second of time; 1.5 is one and a half cores. */
  readonly cores: number | null;
}

/**
 * Limits of version 1 and 2 (cgroups(7), the kernel's cgroup-v2.rst), of the group and of all above it: the lowest
 * holds. Read here because Node's own numbers do not promise to see the limits of outer groups.
 */
export function cgroupLimits(root = '/'): CgroupLimits {
  const groups = readGroups(root);
  const lowestOf = (controller: string, v1: Reader, v2: Reader): number | null =>
    lowest(
      groups.flatMap(({ controllers, directories }) => {
        if (controllers === null) return directories.map(v2);
        return controllers.includes(controller) ? directories.map(v1) : [];
      }),
    );
  return {
    memoryBytes: lowestOf('memory', memoryV1, memoryV2),
    cores: lowestOf('cpu', coresV1, coresV2),
  };
}

/** One limit of the group that a directory stands for. */
type Reader = (directory: string) => number | null;

interface Group {
  /** Null in version 2. */
  readonly controllers: readonly string[] | null;
  /** The group's own and all above it, up to where the hierarchy is mounted; not all need to be there. */
  readonly directories: readonly string[];
}

function readGroups(root: string): Group[] {
  const mounts = join(root, 'sys/fs/cgroup');
  const lines = (textOf(join(root, 'proc/self/cgroup')) ?? '').split('\n');
  return lines.flatMap((line): Group[] => {
    const [, names, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) return [];
    const under = (mount: string) => withAncestors(path).map((folder) => join(mounts, mount, folder));
    if (names === '') return [{ controllers: null, directories: [...under(''), ...under('unified')] }];
    const controllers = names.split(',');
    // The kernel says `cpuacct,cpu` where the directory is called `cpu,cpuacct`; each name is then a link to it.
    return [{ controllers, directories: [...under(names), ...controllers.flatMap(under)] }];
  });
}

/**
 * `/a/b` → `/a/b`, `/a`, `/`. In a container the path may be the host's and not be there: the mount itself is then
 * the group. One that begins with `..` lies outside of what this process can see.
 */
function withAncestors(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.includes('..')) return ['/'];
  return Array.from(
    { length: parts.length + 1 },
    (_, up) => `/${parts.slice(0, parts.length - up).join('/')}`,
  );
}

/** Above `memory.high` a group is slowed down until it gives memory back, above `memory.max` it is killed. */
const memoryV2: Reader = (directory) =>
  lowest([numberIn(join(directory, 'memory.max')), numberIn(join(directory, 'memory.high'))]);

const memoryV1: Reader = (directory) => numberIn(join(directory, 'memory.limit_in_bytes'));

/** `MAX PERIOD` in microseconds; MAX may be the word `max`. */
const coresV2: Reader = (directory) => {
  const [quota, period] = (textOf(join(directory, 'cpu.max')) ?? '').trim().split(' ').map(Number);
  return ratio(quota ?? null, period ?? null);
};

const coresV1: Reader = (directory) =>
  ratio(numberIn(join(directory, 'cpu.cfs_quota_us')), numberIn(join(directory, 'cpu.cfs_period_us')));

const ratio = (quota: number | null, period: number | null): number | null =>
  quota !== null && period !== null && quota > 0 && period > 0 ? quota / period : null;

/** Null for `max`, for the huge number that version 1 shows instead, and for its -1. */
function numberIn(file: string): number | null {
  const value = Number(textOf(file)?.trim() || Number.NaN);
  return value > 0 && value < 2 ** 60 ? value : null;
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not Linux, or not mounted, or hidden by a container: then there is no limit to be seen.
    return null;
  }
}

function lowest(values: readonly (number | null)[]): number | null {
  const set = values.filter((value) => value !== null);
  return set.length === 0 ? null : Math.min(...set);
}
