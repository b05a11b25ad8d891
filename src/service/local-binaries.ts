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

/** Where Debian, PGDG's RPMs, Alpine, FreeBSD and a plain `make install` put a major; then `pg_config` and PATH. */
export async function findBinDir(major: number): Promise<string | null> {
  const config = await runAs('pg_config', ['--bindir'], { owner: null }).catch(() => null);
  const candidates = [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/usr/libexec/postgresql${major}`,
    `/usr/lib/postgresql${major}/bin`,
    `/opt/postgresql/${major}/bin`,
    ...(config?.exitCode === 0 ? [config.stdout.trim()] : []),
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/local/pgsql/bin',
  ];
  for (const directory of new Set(candidates.filter((path) => path.startsWith('/')))) {
    if ((await majorOf(directory)) === major) return directory;
  }
  return null;
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
