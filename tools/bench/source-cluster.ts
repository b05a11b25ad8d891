import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../test/lab/run-command.ts';
import { freePort } from '../../test/lab/source-cluster.ts';
import { makeBenchDir, type Owner, say } from './bench-dir.ts';
import type { Case } from './cases.ts';
import { serverBinDir } from './programs.ts';

/** A running cluster of this host with the data of a case, of which backups are made. It runs as postgres. */
export interface Source extends AsyncDisposable {
  readonly dataDir: string;
  readonly port: number;
  /** Host (a socket directory), port and user for libpq's programs. */
  readonly connection: readonly string[];
  /** A program as postgres; of the server's own when it has no slash. */
  run(program: string, args: readonly string[]): Promise<string>;
  /** What happens to a WAL segment from now on: shell text in which "$1" is its path. Until then they are thrown away. */
  archiveWith(shell: string): void;
}

export async function startSource(options: {
  directory: readonly string[];
  owner: Owner;
  content: Case;
  env: Readonly<Record<string, string>>;
}): Promise<Source> {
  const { owner, content, env } = options;
  const directory = makeBenchDir(options.directory, { for: owner });
  const dataDir = join(directory, 'data');
  const archiveScript = join(directory, 'archive.sh');
  const port = await freePort();
  const connection = ['-h', directory, '-p', String(port), '-U', 'postgres'];
  const runAsPostgres = (program: string, args: readonly string[]) =>
    run(program.includes('/') ? program : join(serverBinDir, program), args, {
      ...owner,
      cwd: directory,
      env: { ...env, LC_ALL: 'C.UTF-8', HOME: directory },
    });
  const archiveWith = (shell: string) => writeFileSync(archiveScript, shell);
  archiveWith('true\n');

  await runAsPostgres('initdb', [
    '-D',
    dataDir,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ]);
  // On the command line, not in a file: what only this cluster may do must not come back with its backups.
  const settings = {
    port,
    listen_addresses: '',
    unix_socket_directories: directory,
    fsync: 'off',
    full_page_writes: 'off',
    autovacuum: 'off',
    archive_mode: 'on',
    archive_command: `'sh ${archiveScript} %p'`,
    shared_buffers: '512MB',
    maintenance_work_mem: '256MB',
    max_wal_size: '8GB',
    max_locks_per_transaction: '4096',
  };
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value === '' ? "''" : value}`);
  await runAsPostgres('pg_ctl', [
    '-D',
    dataDir,
    '-w',
    '-l',
    join(directory, 'server.log'),
    '-o',
    flags.join(' '),
    'start',
  ]);
  const pidFile = join(dataDir, 'postmaster.pid');
  // For an end by Ctrl-C, when nothing can be waited for any more. SIGQUIT is an immediate shutdown. The directory stays
  // until the next bench: the server still writes to it.
  const abandon = () => {
    if (existsSync(pidFile)) process.kill(Number.parseInt(readFileSync(pidFile, 'utf8'), 10), 'SIGQUIT');
  };
  process.once('exit', abandon);
  const stop = async () => {
    process.off('exit', abandon);
    if (existsSync(pidFile)) await runAsPostgres('pg_ctl', ['-D', dataDir, '-m', 'immediate', '-w', 'stop']);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const psql = (database: string, sql: string) =>
      runAsPostgres('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...connection, '-d', database, '-c', sql]);
    await psql('postgres', 'create database shop');
    if (content.pgbenchScale > 0)
      await runAsPostgres('pgbench', ['-i', '-q', '-s', String(content.pgbenchScale), ...connection, 'shop']);
    for (const sql of content.sql) await psql('shop', sql);
    for (let n = 1; n <= content.clones; n++)
      await psql('postgres', `create database shop${n} template shop strategy file_copy`);
    await psql('postgres', 'checkpoint');
  } catch (error) {
    await stop();
    throw error;
  }
  say(`${content.name}: ${await run('du', ['-sh', '--exclude=pg_wal', dataDir])}`);
  return { dataDir, port, connection, run: runAsPostgres, archiveWith, [Symbol.asyncDispose]: stop };
}
