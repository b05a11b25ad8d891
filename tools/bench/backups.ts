/** The backups of a case, made once with the real tools and kept: what every contender restores. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../test/lab/run-command.ts';
import { type S3Server, startS3 } from '../../test/lab/s3-server.ts';
import { uploadDirectory } from '../../test/lab/upload.ts';
import { benchDir, makeBenchDir, type Owner, postgresOwner, say } from './bench-dir.ts';
import { type CaseName, describeCase } from './cases.ts';
import { pgbackrestArgs } from './pgbackrest-args.ts';
import { programs } from './programs.ts';
import { type Source, startSource } from './source-cluster.ts';

/** Part of the cache's key: raise it when a backup made by older code must not be used any more. */
const version = 1;

export const bucket = 'backups';
export const basePrefix = 'base';
export const barmanPrefix = 'barman';
export const barmanServer = 'main';

interface BackupFacts {
  /** `<basePrefix>/<timestamp>` */
  readonly baseFolder: string;
  readonly barmanId: string;
  /** Of base.tar.gz, and of what is in it. */
  readonly storedBytes: number;
  readonly tarBytes: number;
}

export interface Backups extends BackupFacts {
  readonly caseName: CaseName;
  readonly title: string;
  /** As the lab's S3 server lays objects down. */
  readonly s3Dir: string;
  readonly pgbackrestRepo: string;
  /** base.tar.gz as a file of this host, and unpacked. */
  readonly gzipFile: string;
  readonly tarFile: string;
}

export async function makeBackups(name: CaseName, sizeBytes: number): Promise<Backups> {
  const content = describeCase(name, sizeBytes);
  const key = `${name}-${Math.round(sizeBytes / 1e6)}MB-v${version}`;
  const directory = join(benchDir, 'backups', key);
  const factsFile = join(directory, 'facts.json');
  if (!existsSync(factsFile)) {
    say(`${name}: making the cluster and its backups in ${directory}, once`);
    const owner = await postgresOwner();
    await rm(directory, { recursive: true, force: true });
    makeBenchDir(['backups', key], { for: owner });
    await using s3 = await startS3({ storageDir: join(directory, 's3'), buckets: [bucket] });
    await using source = await startSource({
      directory: ['sources', `${key}-${process.pid}`],
      owner,
      content,
      env: s3.env,
    });
    const facts = {
      ...(await backUpBase(source, s3, directory)),
      barmanId: await backUpBarman(source, s3),
    } satisfies BackupFacts;
    await backUpPgbackrest(source, join(directory, 'pgbackrest'), owner);
    // Last: a directory without it is half made.
    writeFileSync(factsFile, JSON.stringify(facts));
  }
  const facts = JSON.parse(readFileSync(factsFile, 'utf8')) as BackupFacts;
  return {
    ...facts,
    caseName: name,
    title: content.title,
    s3Dir: join(directory, 's3'),
    pgbackrestRepo: join(directory, 'pgbackrest'),
    gzipFile: join(directory, 'base.tar.gz'),
    tarFile: join(directory, 'base.tar'),
  };
}

async function backUpBase(
  source: Source,
  s3: S3Server,
  directory: string,
): Promise<Omit<BackupFacts, 'barmanId'>> {
  say('pg_basebackup');
  const backup = join(directory, 'basebackup');
  await source.run('pg_basebackup', [
    '-D',
    backup,
    '-Ft',
    '-z',
    '-X',
    'stream',
    '-c',
    'fast',
    ...source.connection,
  ]);
  const folder = `${basePrefix}/${new Date().toISOString().replace(/[-:]/g, '').slice(0, 15)}`;
  await uploadDirectory(s3, { bucket, prefix: folder }, backup);
  const gzipFile = join(directory, 'base.tar.gz');
  await rename(join(backup, 'base.tar.gz'), gzipFile);
  await rm(backup, { recursive: true });
  const tarFile = join(directory, 'base.tar');
  await run(programs.bash, ['-c', `${programs.igzip} -dc ${gzipFile} >${tarFile}`]);
  const [stored, tar] = await Promise.all([stat(gzipFile), stat(tarFile)]);
  say(`base.tar ${tar.size} bytes, gzip ${(tar.size / stored.size).toFixed(2)} : 1`);
  return { baseFolder: folder, storedBytes: stored.size, tarBytes: tar.size };
}

async function backUpBarman(source: Source, s3: S3Server): Promise<string> {
  say('barman-cloud-backup');
  const to = ['-z', '--endpoint-url', s3.endpoint, `s3://${bucket}/${barmanPrefix}`, barmanServer];
  source.archiveWith(`exec ${programs.barmanWalArchive} ${to.join(' ')} "$1"\n`);
  await source.run(programs.barmanBackup, ['--immediate-checkpoint', ...source.connection, ...to]);
  // barman waits until the last segment it needs is archived; the next tool brings no WAL into this archive.
  source.archiveWith('true\n');
  const [id] = readdirSync(join(s3.storageDir, bucket, barmanPrefix, barmanServer, 'base'));
  if (id === undefined) throw new Error('barman-cloud-backup left no backup.');
  return id;
}

async function backUpPgbackrest(source: Source, repo: string, owner: Owner): Promise<void> {
  say('pgBackRest backup');
  await run('install', ['-d', '-o', String(owner.uid), '-g', String(owner.gid), repo]);
  const [, socketDir = ''] = source.connection;
  const server = [`--pg1-port=${source.port}`, `--pg1-socket-path=${socketDir}`, '--pg1-user=postgres'];
  const args = [...pgbackrestArgs(repo, source.dataDir), ...server];
  await source.run(programs.pgbackrest, [...args, 'stanza-create']);
  // Its WAL is of no interest: what is compared is the laying down of the data directory.
  await source.run(programs.pgbackrest, [
    ...args,
    '--no-archive-check',
    '--start-fast',
    '--type=full',
    '--compress-type=gz',
    '--process-max=2',
    'backup',
  ]);
}
