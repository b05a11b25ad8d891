import * as fs from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { isAbsent } from './fs-errors.ts';
import { mountPointsBelow } from './mount-points.ts';
import { lstatIfThere } from './walk-directory.ts';

/** Directories whose content is never only a data directory. Others at the top, like `/data`, may be one. */
const systemDirectories = new Set(
  (
    '/ /bin /boot /dev /etc /home /lib /lib32 /lib64 /libx32 /lost+found /media /mnt /opt /proc /root /run /sbin ' +
    '/snap /srv /sys /tmp /usr /var /usr/bin /usr/lib /usr/local /usr/sbin /usr/share ' +
    '/var/cache /var/lib /var/lib/docker /var/lib/docker/volumes /var/log /var/run /var/spool /var/tmp'
  ).split(' '),
);

/**
 * Everything below these is the kernel's, the boot loader's or the packages'. PostgreSQL built from source lies in
 * /usr/local, and Debian keeps in /etc/postgresql what looks most like a data directory.
 */
const systemTrees = [
  ...['/boot/', '/etc/', '/proc/', '/sys/', '/usr/bin/', '/usr/include/', '/usr/lib/', '/usr/libexec/'],
  ...['/usr/sbin/', '/usr/share/', '/usr/src/', '/var/cache/', '/var/lib/apt/', '/var/lib/dpkg/'],
  ...['/var/lib/containerd/', '/var/lib/systemd/', '/var/log/', '/var/spool/'],
];

/** What the engine keeps, but for the content of its volumes: `volumes/NAME/_data`. */
const enginesOwn = /^\/var\/lib\/docker\/(?!volumes\/[^/]+\/_data(?:\/|$))/;

/**
 * Why odo never restores into this directory, as a sentence; null when it may. Everything in a target is
 * removed before the restore, so what cannot be meant is refused whatever the operator confirms.
 */
export async function directoryRefusal(path: string): Promise<string | null> {
  if (!isAbsolute(path)) return `The path ${path} is not absolute.`;
  const given = withoutEndingSlash(normalize(path));
  const stats = await lstatIfThere(given);
  if (stats?.isSymbolicLink()) return `${given} is a symbolic link; name the directory it points to.`;
  if (stats && !stats.isDirectory()) return `${given} is not a directory.`;
  const real = await realPathOf(given);
  return (
    refusalByName(given) ??
    refusalByName(real) ??
    (await refusalByHomes(real)) ??
    (await refusalByMounts(real)) ??
    (await refusalByDataDirectory(real))
  );
}

export function withoutEndingSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

function refusalByName(path: string): string | null {
  if (systemDirectories.has(path) || systemTrees.some((tree) => path.startsWith(tree))) {
    return `${path} is a directory of the system.`;
  }
  if (enginesOwn.test(path)) return `${path} is a directory of the Docker engine.`;
  return dirname(path) === '/home' ? `${path} is a home directory.` : null;
}

/** Of everybody in passwd(5), the servers' own users too: their home holds keys and profiles beside the data. */
async function refusalByHomes(path: string): Promise<string | null> {
  const clean = (home: string): string => withoutEndingSlash(normalize(home));
  const own = clean(homedir());
  const homes = [own, ...(await homesInPasswd()).map(clean)];
  if (homes.includes(path)) return `${path} is a home directory.`;
  for (const home of homes.filter((one) => one.startsWith(`${path}/`))) {
    if (home === own || (await lstatIfThere(home)) !== null)
      return `${path} holds the home directory ${home}.`;
  }
  return null;
}

/** The sixth field. Users of a directory service are not in it. */
async function homesInPasswd(): Promise<string[]> {
  const table = await fs.readFile('/etc/passwd', 'utf8').catch(() => '');
  return table
    .split('\n')
    .map((line) => line.split(':')[5] ?? '')
    .filter((home) => isAbsolute(home));
}

/** Clearing would go on into what is mounted there. */
async function refusalByMounts(path: string): Promise<string | null> {
  const [inside] = await mountPointsBelow(path);
  return inside === undefined ? null : `${inside}, below ${path}, is the mount point of another file system.`;
}

/** What another database's server, or odo when it restores that one, may remove. */
async function refusalByDataDirectory(path: string): Promise<string | null> {
  for (let above = dirname(path); above !== dirname(above); above = dirname(above)) {
    const isDataDirectory =
      (await lstatIfThere(join(above, 'PG_VERSION')).catch(() => null))?.isFile() === true;
    if (isDataDirectory) return insideDataDirectory(path, above);
  }
  return null;
}

export const insideDataDirectory = (path: string, dataDirectory: string): string =>
  `${path} lies inside ${dataDirectory}, the data directory of a database.`;

/** With the links of the directories above it resolved; parts that are absent stay as they are. */
export async function realPathOf(path: string): Promise<string> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    if (!isAbsent(error) || dirname(path) === path) throw error;
    return join(await realPathOf(dirname(path)), basename(path));
  }
}
