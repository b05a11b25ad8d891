import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const binDir = '/usr/lib/postgresql/15/bin';

async function run(
  user: { uid: number; gid: number },
  command: string,
  args: readonly string[],
): Promise<string> {
  const { stdout } = await execa(join(binDir, command), args, { ...user, env: { LC_ALL: 'C' } });
  return stdout;
}

async function idOf(flag: '-u' | '-g'): Promise<number> {
  return Number((await execa('id', [flag, 'postgres'])).stdout);
}

/** PostgreSQL does not run as root, so the server and its tools run as `postgres`. */
export async function postgresUser(): Promise<{ uid: number; gid: number } | null> {
  const found = await execa('id', ['-u', 'postgres'], { reject: false });
  const server = await execa(join(binDir, 'postgres'), ['--version'], { reject: false });
  if (found.exitCode !== 0 || server.exitCode !== 0 || process.getuid?.() !== 0) return null;
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}

export interface RealBackup extends AsyncDisposable {
  /** Holds base.tar.gz, pg_wal.tar.gz and backup_manifest as `pg_basebackup -Ft -z` left them. */
  readonly backup: string;
  /** The data directory; its server has been stopped. */
  readonly data: string;
  readonly scratch: string;
}

/** A cluster with some tables, backed up by pg_basebackup while it ran. */
export async function makeRealBackup(user: { uid: number; gid: number }): Promise<RealBackup> {
  const scratch = await mkdtemp(join(tmpdir(), 'odo-archive-pg-'));
  await chown(scratch, user.uid, user.gid);
  await chmod(scratch, 0o755);
  const data = join(scratch, 'data');
  const backup = join(scratch, 'backup');
  const remove = () => rm(scratch, { recursive: true, force: true });
  try {
    await run(user, 'initdb', ['-D', data, '-A', 'trust', '--no-sync', '-U', 'postgres']);
    const options = `-c listen_addresses= -c unix_socket_directories=${scratch} -c fsync=off`;
    await run(user, 'pg_ctl', ['-D', data, '-w', '-l', join(scratch, 'log'), '-o', options, 'start']);
    try {
      const sql =
        'create table filler as select i, md5(i::text), repeat(md5((i % 97)::text), 5) from generate_series(1, 150000) i';
      await run(user, 'psql', ['-h', scratch, '-U', 'postgres', '-c', sql]);
      await mkdir(backup);
      await chown(backup, user.uid, user.gid);
      await run(user, 'pg_basebackup', [
        '-h',
        scratch,
        '-U',
        'postgres',
        '-D',
        backup,
        '-Ft',
        '-z',
        '-Xs',
        '-c',
        'fast',
      ]);
    } finally {
      await run(user, 'pg_ctl', ['-D', data, '-w', '-m', 'immediate', 'stop']);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return { backup, data, scratch, [Symbol.asyncDispose]: remove };
}
