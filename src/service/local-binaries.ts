import { constants } from 'node:fs';
import { access, readFile, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import type { Owner } from '../target/tree.ts';
import { runAs } from './run-as.ts';
import { parsePasswd, type UserEntry } from './users.ts';

/** PostgreSQL installed on this host. */
export interface LocalBinaries {
  readonly binDir: string;
  readonly serverMajor: number;
  /** uid and gid of the host's postgres user; null when there is none. */
  readonly owner: Owner | null;
}

/**
 * Programs of that major, or those in `binDir` whatever their major is. Null when none was found.
 * @throws CONFIG_INVALID when `binDir` has no PostgreSQL server
 */
export async function findLocalBinaries(binDir: string | null, major: number): Promise<LocalBinaries | null> {
  const found = binDir ?? (await findBinDir(major));
  if (found === null) return null;
  const serverMajor = await majorOf(found);
  if (serverMajor === null) {
    throw new OdoError('CONFIG_INVALID', `There is no PostgreSQL server in ${found}.`, {
      hint: 'Name the directory that holds postgres, pg_ctl and psql with --pg-bin DIR.',
      details: { binDir: found },
    });
  }
  const user = await hostUser('postgres');
  return { binDir: found, serverMajor, owner: user === null ? null : { uid: user.uid, gid: user.gid } };
}

/** Where that major is installed on this host; null when it is nowhere odo knows to look. */
async function findBinDir(major: number): Promise<string | null> {
  for (const directory of [...directoriesOf(major), ...(await unversionedDirectories())]) {
    if ((await majorOf(directory)) === major) return directory;
  }
  return null;
}

/** Every major of those asked for that is installed here, with the directory that a restore would take. */
export async function findAllBinaries(
  majors: readonly number[],
): Promise<{ readonly major: number; readonly binDir: string }[]> {
  const found = new Map<number, string>();
  for (const directory of [...majors.flatMap(directoriesOf), ...(await unversionedDirectories())]) {
    const major = await majorOf(directory);
    if (major !== null && majors.includes(major) && !found.has(major)) found.set(major, directory);
  }
  return [...found].map(([major, binDir]) => ({ major, binDir })).sort((a, b) => a.major - b.major);
}

/** Where Debian, PGDG's RPMs and Alpine put a major. */
const directoriesOf = (major: number): string[] => [
  `/usr/lib/postgresql/${major}/bin`,
  `/usr/pgsql-${major}/bin`,
  `/usr/libexec/postgresql${major}`,
  `/usr/lib/postgresql${major}/bin`,
  `/opt/postgresql/${major}/bin`,
];

/** Where FreeBSD and a plain `make install` put whatever they are: what `pg_config` says, then PATH. */
async function unversionedDirectories(): Promise<string[]> {
  const config = await runAs('pg_config', ['--bindir'], { owner: null }).catch(() => null);
  const candidates = [
    ...(config?.exitCode === 0 ? [config.stdout.trim()] : []),
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/local/pgsql/bin',
  ];
  return [...new Set(candidates.filter((path) => path.startsWith('/')))];
}

/** Major of the server in a directory; null when there is none. */
export async function majorOf(binDir: string): Promise<number | null> {
  const program = join(binDir, 'postgres');
  try {
    await access(program, constants.X_OK);
    // PATH may have a link; a wrapper script (pg_wrapper) is no server, but there is none for `postgres`.
    const result = await runAs(await realpath(program), ['-V'], {
      owner: null,
      environment: { LC_ALL: 'C' },
    });
    const [, major] = /\(PostgreSQL\) (\d+)/.exec(result.stdout) ?? [];
    return major === undefined ? null : Number(major);
  } catch {
    return null;
  }
}

/** From the host's user database, which need not be /etc/passwd. */
export async function hostUser(nameOrUid: string | number): Promise<UserEntry | null> {
  const asked = await runAs('getent', ['passwd', String(nameOrUid)], { owner: null }).catch(() => null);
  const text = asked?.exitCode === 0 ? asked.stdout : await readFile('/etc/passwd', 'utf8').catch(() => '');
  return parsePasswd(text).find(({ name, uid }) => name === nameOrUid || uid === nameOrUid) ?? null;
}
