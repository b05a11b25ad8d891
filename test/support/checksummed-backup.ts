import { chmod, chown, copyFile, cp, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { waitUntil } from '../lab/wait-until.ts';
import { binDir15 } from './restored-directory.ts';

export const pageBytes = 8192;

/** A plain pg_basebackup of a cluster with page checksums, and the WAL archive with what was done to its pages later. */
export interface ChecksummedBackup extends AsyncDisposable {
  readonly directory: string;
  readonly archive: string;
  /** Relation files. */
  readonly table: string;
  readonly index: string;
  /** A table that is dropped, and one of which the end is cut off, in the WAL. */
  readonly dropped: string;
  readonly shrunk: string;
  /** A copy of the backup in which files are changed. */
  damaged(change: (backup: string) => Promise<void>): Promise<string>;
  /** Copies a half of each of these blocks of the table as they became later, of which the WAL has the whole: torn pages. */
  tear(backup: string, halves: Readonly<Record<number, 'first' | 'second'>>): Promise<void>;
}

async function inFile(path: string, offset: number, change: (bytes: Buffer) => void, length: number) {
  await using file = await open(path, 'r+');
  const bytes = Buffer.alloc(length);
  await file.read(bytes, 0, length, offset);
  change(bytes);
  await file.write(bytes, 0, length, offset);
}

/** Changes one byte. */
export const flipByte = (path: string, offset: number): Promise<void> =>
  inFile(path, offset, (bytes) => void bytes.writeUInt8(bytes.readUInt8(0) ^ 0xff, 0), 1);

/** As `pg_checksums --check` names them: file below the data directory, and the block in it. */
export async function blocksByServer(
  user: { uid: number; gid: number },
  data: string,
): Promise<[path: string, block: number][]> {
  const options = { ...user, env: { LC_ALL: 'C' }, reject: false };
  const { stderr } = await execa(join(binDir15, 'pg_checksums'), ['--check', '-D', data], options);
  const found = stderr.matchAll(/failed in file "([^"]+)", block (\d+)/g);
  return [...found].map(([, path = '', block]) => [path.slice(data.length + 1), Number(block)]);
}

export async function makeChecksummedBackup(user: { uid: number; gid: number }): Promise<ChecksummedBackup> {
  const scratch = await mkdtemp(join(tmpdir(), 'odo-test-torn-'));
  await chown(scratch, user.uid, user.gid);
  await chmod(scratch, 0o755);
  const [data, directory, archive, later] = ['data', 'backup', 'archive', 'later'].map((name) =>
    join(scratch, name),
  ) as [string, string, string, string];
  const run = async (command: string, args: readonly string[]): Promise<string> =>
    (await execa(join(binDir15, command), args, { ...user, env: { LC_ALL: 'C' } })).stdout.trim();
  const psql = (sql: string) => run('psql', ['-h', scratch, '-U', 'postgres', '-qAt', '-c', sql]);
  const pathOf = (relation: string) => psql(`select pg_relation_filepath('${relation}')`);

  await mkdir(archive);
  await chown(archive, user.uid, user.gid);
  await run('initdb', ['-k', '-D', data, '-A', 'trust', '--no-sync', '-U', 'postgres']);
  const settings = {
    listen_addresses: '',
    unix_socket_directories: scratch,
    fsync: 'off',
    autovacuum: 'off',
    archive_mode: 'on',
    archive_command: `cp %p ${archive}/%f`,
  };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}='${value}'`);
  await run('pg_ctl', ['-D', data, '-w', '-l', join(scratch, 'log'), '-o', options.join(' '), 'start']);
  try {
    await psql(`create table filler as select i, md5(i::text) as hash from generate_series(1, 30000) i;
      create index filler_index on filler (i);
      create table dropped as select i from generate_series(1, 5000) i;
      create table shrunk as select i from generate_series(1, 5000) i;`);
    for (const sql of ['vacuum filler', 'vacuum shrunk']) await psql(sql);
    const [table, index, dropped, shrunk] = await Promise.all(
      ['filler', 'filler_index', 'dropped', 'shrunk'].map(pathOf),
    );
    const where = ['-h', scratch, '-U', 'postgres'];
    await run('pg_basebackup', [...where, '-D', directory, '-X', 'fetch', '-c', 'fast', '--no-manifest']);
    await psql(`update filler set hash = upper(hash) where (ctid::text::point)[0] < 3 and i % 2 = 0;
      drop table dropped;
      delete from shrunk where i > 100;`);
    for (const sql of ['vacuum shrunk', 'checkpoint']) await psql(sql);
    await copyFile(join(data, table ?? ''), later);
    const segment = await psql('select pg_walfile_name(pg_switch_wal())');
    await waitUntil(
      'the last segment is archived',
      async () => (await readFile(join(archive, segment))).length > 0,
    );
    return {
      directory,
      archive,
      table: table ?? '',
      index: index ?? '',
      dropped: dropped ?? '',
      shrunk: shrunk ?? '',
      damaged: async (change) => {
        const copy = await mkdtemp(join(scratch, 'damaged-'));
        await cp(directory, copy, { recursive: true });
        await change(copy);
        return copy;
      },
      tear: async (backup, halves) => {
        const after = await readFile(later);
        for (const [block, half] of Object.entries(halves)) {
          const from = Number(block) * pageBytes + (half === 'first' ? 0 : pageBytes / 2);
          const change = (bytes: Buffer) => void after.copy(bytes, 0, from, from + pageBytes / 2);
          await inFile(join(backup, table ?? ''), from, change, pageBytes / 2);
        }
      },
      [Symbol.asyncDispose]: () => rm(scratch, { recursive: true, force: true }),
    };
  } finally {
    await run('pg_ctl', ['-D', data, '-w', '-m', 'fast', 'stop']);
  }
}
