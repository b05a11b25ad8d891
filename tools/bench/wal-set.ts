/** WAL to be replayed: a cluster's base backup, and the segments behind it as files of this host and as objects. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../test/lab/run-command.ts';
import { startS3 } from '../../test/lab/s3-server.ts';
import { uploadDirectory } from '../../test/lab/upload.ts';
import { waitUntil } from '../../test/lab/wait-until.ts';
import { bucket } from './backups.ts';
import { benchDir, makeBenchDir, postgresOwner, say } from './bench-dir.ts';
import { startSource } from './source-cluster.ts';

/** Part of the cache's key: raise it when a set made by older code must not be used any more. */
const version = 1;

export interface WalSet {
  /** The data directory of the base backup, unpacked, without WAL. */
  readonly baseDir: string;
  /** Segments as the server wrote them. */
  readonly segmentsDir: string;
  /** For the bench's store; the same segments, gzipped, with this prefix. */
  readonly s3Dir: string;
  readonly prefix: string;
  readonly names: readonly string[];
}

const segmentsOf = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => /^[0-9A-F]{24}$/.test(name))
    .sort();

/** At least so many segments of 16 MiB: rows that are inserted, indexed and changed, many at a time. */
export async function makeWalSet(segments: number): Promise<WalSet> {
  const key = `wal-${segments}-v${version}`;
  const directory = join(benchDir, 'backups', key);
  const doneFile = join(directory, 'done');
  const [baseDir, segmentsDir, s3Dir] = ['base', 'segments', 's3'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  if (!existsSync(doneFile)) {
    say(`wal: making a cluster and ${segments} segments of WAL in ${directory}, once`);
    const owner = await postgresOwner();
    await rm(directory, { recursive: true, force: true });
    makeBenchDir(['backups', key], { for: owner });
    makeBenchDir(['backups', key, 'segments'], { for: owner });
    const content = { name: 'mixed', title: 'WAL', pgbenchScale: 10, sql: [], clones: 0 } as const;
    await using source = await startSource({
      directory: ['sources', `${key}-${process.pid}`],
      owner,
      content,
      env: {},
    });
    source.archiveWith(`cp "$1" ${segmentsDir}/.new && mv ${segmentsDir}/.new "${segmentsDir}/\${1##*/}"\n`);
    await source.run('pg_basebackup', [
      '-D',
      baseDir,
      '-Fp',
      '-X',
      'none',
      '-c',
      'fast',
      ...source.connection,
    ]);
    const psql = (sql: string) =>
      source.run('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', ...source.connection, '-d', 'shop', '-c', sql]);
    while (segmentsOf(segmentsDir).length < segments) {
      await psql('update pgbench_accounts set abalance = abalance + aid % 7 where aid % 4 = 1');
      await psql('vacuum pgbench_accounts');
      await psql(
        'insert into pgbench_history select 1, 1, aid, 1, now(), left(md5(aid::text), 22) from pgbench_accounts where aid % 4 = 2',
      );
    }
    const last = await psql('select pg_walfile_name(pg_switch_wal())');
    await waitUntil('the last segment is archived', () => existsSync(join(segmentsDir, last)));
    const stored = join(directory, 'gzipped');
    await run('cp', ['-r', segmentsDir, stored]);
    await run('find', [stored, '-type', 'f', '-exec', 'gzip', '-1', '{}', '+']);
    await using s3 = await startS3({ storageDir: s3Dir, buckets: [bucket] });
    await uploadDirectory(s3, { bucket, prefix: 'wal' }, stored);
    await rm(stored, { recursive: true });
    // Last: a directory without it is half made.
    writeFileSync(doneFile, '');
  }
  return { baseDir, segmentsDir, s3Dir, prefix: 'wal/', names: segmentsOf(segmentsDir) };
}
