import { cp, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Psql, readTableFacts } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import type { TableFacts } from '../lab/sample-data.ts';
import { waitUntil } from '../lab/wait-until.ts';

const port = 5432;

/** Programs of the server that Debian 12 has. */
export const binDir15 = '/usr/lib/postgresql/15/bin';

export async function postgresUser(): Promise<{ uid: number; gid: number }> {
  return {
    uid: Number(await run('id', ['-u', 'postgres'])),
    gid: Number(await run('id', ['-g', 'postgres'])),
  };
}

/** What the tables of a restored PostgreSQL 15 data directory hold. */
export function factsOfDirectory(dataDirectory: string): Promise<Record<string, TableFacts>> {
  return readDirectory(dataDirectory, readTableFacts);
}

/**
 * Asks a restored PostgreSQL 15 data directory. Reads a copy, so that the original can still be compared file by file.
 */
export async function readDirectory<Answer>(
  dataDirectory: string,
  read: (psql: Psql) => Promise<Answer>,
): Promise<Answer> {
  const directory = await mkdtemp(join(tmpdir(), 'odo-copy-'));
  const data = join(directory, 'data');
  try {
    await cp(dataDirectory, data, { recursive: true, verbatimSymlinks: true });
    for (const oid of await readdir(join(data, 'pg_tblspc'))) {
      const link = join(data, 'pg_tblspc', oid);
      const copied = (await readlink(link)).replace(dataDirectory, data);
      await rm(link);
      await symlink(copied, link);
    }
    return await askServerOn(data, directory, read);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Starts PostgreSQL 15 on the data itself; all in `directory`, which holds it, becomes the server's own. */
export async function askServerOn<Answer>(
  data: string,
  directory: string,
  read: (psql: Psql) => Promise<Answer>,
): Promise<Answer> {
  const user = await postgresUser();
  await run('chown', ['-R', `${user.uid}:${user.gid}`, directory]);
  const as = { uid: user.uid, gid: user.gid, cwd: '/' };
  const settings = `-c listen_addresses='' -c unix_socket_directories=${directory} -c port=${port} -c archive_mode=off`;
  await run(
    join(binDir15, 'pg_ctl'),
    ['-D', data, '-w', '-l', join(directory, 'log'), '-o', settings, 'start'],
    as,
  );
  try {
    const psql = (sql: string, database = 'app') =>
      run(
        join(binDir15, 'psql'),
        [
          '-XAtq',
          '-v',
          'ON_ERROR_STOP=1',
          '-h',
          directory,
          '-p',
          String(port),
          '-U',
          'postgres',
          '-d',
          database,
        ],
        { ...as, input: sql },
      );
    await waitUntil(
      'the restored server is no longer in recovery',
      async () => (await psql('select not pg_is_in_recovery()', 'postgres')) === 't',
    );
    return await read(psql);
  } finally {
    await run(join(binDir15, 'pg_ctl'), ['-D', data, '-w', '-m', 'immediate', 'stop'], as);
  }
}
