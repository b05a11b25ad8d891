import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Psql } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import { binDir15, postgresUser, readDirectory } from './restored-directory.ts';

/** A small backup in a directory of this machine, which costs a restore little besides the calls it makes. */
export interface LocalBackup extends AsyncDisposable {
  /** What `odo start -u` gets. */
  readonly url: string;
  /** What `rowsOf` says of a restored directory. */
  readonly rows: string;
}

const rowsSql = 'select count(*), sum(hashtext(filler::text)::bigint) from filler';

/** What the table of a restored data directory holds. */
export const rowsOf = (dataDirectory: string): Promise<string> =>
  readDirectory(dataDirectory, (psql: Psql) => psql(rowsSql, 'postgres'));

/** Of a restore of it that may fill the disk, with several checkpoints on the way. */
export const startArgs = ({ url }: LocalBackup, dataDirectory: string, checkpointSize: string): string[] => [
  ...['start', '-u', url, '--data-dir', dataDirectory],
  ...['--reserve', '0', '--checkpoint-size', checkpointSize],
];

/** An archive of some 400 small files and a few larger than a buffer, WAL beside it, by pg_basebackup of Debian 12. */
export async function makeLocalBackup(): Promise<LocalBackup> {
  const user = await postgresUser();
  const scratch = await mkdtemp(join(tmpdir(), 'odo-test-small-backup-'));
  await chown(scratch, user.uid, user.gid);
  await chmod(scratch, 0o755);
  const data = join(scratch, 'data');
  const backups = join(scratch, 'backups');
  const where = ['-h', scratch, '-U', 'postgres'];
  const server = (program: string, args: readonly string[]): Promise<string> =>
    run(join(binDir15, program), args, { ...user, cwd: '/', extendEnv: false, env: { LC_ALL: 'C' } });
  const psql = (sql: string) => server('psql', [...where, '-qAt', '-c', sql]);

  const initial = ['-A', 'trust', '--no-sync', '--wal-segsize=1', '-U', 'postgres'];
  await server('initdb', ['-D', data, ...initial]);
  const settings = `-c listen_addresses='' -c unix_socket_directories=${scratch} -c fsync=off`;
  await server('pg_ctl', ['-D', data, '-w', '-l', join(scratch, 'log'), '-o', settings, 'start']);
  try {
    // Two thirds of the files of a new cluster.
    await psql('update pg_database set datistemplate = false');
    for (const template of ['template0', 'template1']) await psql(`drop database ${template}`);
    await psql(
      'create table filler as select i, md5(i::text) as one, md5((-i)::text) as other from generate_series(1, 60000) i',
    );
    await mkdir(backups);
    await chown(backups, user.uid, user.gid);
    const taken = join(backups, '20261127T185650');
    await server('pg_basebackup', [...where, '-D', taken, '-Ft', '-z', '-X', 'stream', '-c', 'fast']);
    return {
      url: pathToFileURL(backups).href,
      rows: await psql(rowsSql),
      [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
    };
  } finally {
    await server('pg_ctl', ['-D', data, '-w', '-m', 'fast', 'stop']);
    await rm(data, { recursive: true });
  }
}
