import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createBrotliCompress } from 'node:zlib';
import { archiveSegment } from './archive-segment.ts';
import { installPackages } from './debian-packages.ts';
import { madeOnce, recorded } from './made-once.ts';
import { readTableFacts } from './psql.ts';
import { run } from './run-command.ts';
import { startS3 } from './s3-server.ts';
import { createTablespaceSql, lastSql, laterSql, type TableFacts } from './sample-data.ts';
import { say } from './say.ts';
import { type SourceCluster, startSourceCluster } from './source-cluster.ts';
import { uploadDirectory } from './upload.ts';
import { pushLikeWalg } from './walg-push.ts';

/** One bucket each; all of one cluster of PostgreSQL 15 with a tablespace. */
const variants = {
  'walg-lz4': { codec: 'lz4', isStreamed: false },
  'walg-brotli': { codec: 'brotli', isStreamed: false },
  /** Over the replication protocol, uncompressed. */
  'walg-streamed': { codec: 'none', isStreamed: true },
} as const;
export type WalgFixtureName = keyof typeof variants;

export interface WalgFixture {
  readonly bucket: WalgFixtureName;
  /** What `WALG_S3_PREFIX` would be. */
  readonly url: string;
  /** Below the bucket, with a trailing slash. */
  readonly prefix: string;
  /** For `startS3`. Shared by tests: read only; see `copyWalgFixture`. */
  readonly storageDir: string;
  /** Name of the only backup. */
  readonly backup: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly tablespace: { readonly oid: string; readonly location: string };
  /** When everything that was archived is replayed. */
  readonly tables: Readonly<Record<string, TableFacts>>;
}

type Facts = Pick<WalgFixture, 'backup' | 'systemIdentifier' | 'timeline' | 'tablespace' | 'tables'>;
type Codec = (typeof variants)[WalgFixtureName]['codec'];

const suffixes: Readonly<Record<Codec, string>> = { lz4: '.lz4', brotli: '.br', none: '' };
const prefix = 'clusters/shop/';
const location = '/var/lib/postgresql/tablespaces/cold';

/** The backup and its WAL, laid out as WAL-G does; made the first time. */
export async function walgFixture(name: WalgFixtureName): Promise<WalgFixture> {
  const directory = await madeOnce('walg', ['walg-fixtures.ts', 'walg-push.ts', 'go-tar.ts'], makeFixtures);
  const all = await recorded<Record<WalgFixtureName, Facts>>(directory);
  const url = `s3://${name}/${prefix.slice(0, -1)}`;
  return { bucket: name, url, prefix, storageDir: join(directory, 's3'), ...all[name] };
}

/** The same bucket in a storage directory of the test's own, where objects may be removed or damaged. */
export async function copyWalgFixture(original: WalgFixture, storageDir: string): Promise<WalgFixture> {
  await mkdir(storageDir, { recursive: true });
  const bucket = join(original.storageDir, original.bucket);
  await cp(bucket, join(storageDir, original.bucket), { recursive: true, preserveTimestamps: true });
  return { ...original, storageDir };
}

async function makeFixtures(directory: string): Promise<void> {
  say('making fixtures of WAL-G');
  await installPackages(['lz4']);
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  const archived = join(partial, 'archived');
  await mkdir(archived, { recursive: true });
  const buckets = Object.keys(variants) as WalgFixtureName[];
  await mkdir(join(partial, 's3'));
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets });
  await using cluster = await startSourceCluster({
    name: 'odo-lab-source-walg',
    major: 15,
    scale: 0.15,
    env: {},
  });
  await cluster.exec(['mkdir', '-p', '-m', '0700', location, '/tmp/archive']);
  await cluster.psql(createTablespaceSql('cold', location));
  await cluster.psql(
    `alter system set archive_command = 'test ! -f /tmp/archive/%f && cp %p /tmp/archive/%f'`,
  );
  await cluster.psql('select pg_reload_conf()');
  const [version = '', systemIdentifier = '', timeline = '', oid = ''] = (
    await cluster.psql(`select current_setting('server_version_num'), (select system_identifier from pg_control_system()),
      (select timeline_id from pg_control_checkpoint()), (select oid from pg_tablespace where spcname = 'cold')`)
  ).split('|');

  const startedAt = new Date().toISOString();
  const taken = join(partial, 'taken');
  await takeBackup(cluster, taken);
  await cluster.psql(laterSql);
  await archiveSegment(cluster);
  await cluster.psql(lastSql);
  const tables = { ...(await readTableFacts(cluster.psql)), scratch: { rows: 0, checksum: '0' } };
  await archiveSegment(cluster);
  await run('docker', ['cp', `${cluster.container}:/tmp/archive/.`, archived]);

  const expected: Partial<Record<WalgFixtureName, Facts>> = {};
  for (const bucket of buckets) {
    const { codec, isStreamed } = variants[bucket];
    const into = join(partial, bucket);
    const backup = await pushLikeWalg({
      data: join(taken, 'data'),
      tablespaces: [{ oid, directory: join(taken, 'cold'), location }],
      into: join(into, 'basebackups_005'),
      isStreamed,
      partBytes: 8 * 1024 * 1024,
      suffix: suffixes[codec],
      systemIdentifier,
      versionNumber: Number(version),
      startedAt,
      dataDirectory: '/var/lib/postgresql/data',
    });
    await compressAll(join(into, 'basebackups_005', backup, 'tar_partitions'), codec);
    await cp(archived, join(into, 'wal_005'), { recursive: true });
    await compressAll(join(into, 'wal_005'), codec);
    await uploadDirectory(s3, { bucket, prefix: prefix.slice(0, -1) }, into);
    await rm(into, { recursive: true });
    const tablespace = { oid, location };
    expected[bucket] = { backup, systemIdentifier, timeline: Number(timeline), tablespace, tables };
  }
  await rm(taken, { recursive: true });
  await rm(archived, { recursive: true });
  await writeFile(join(partial, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
  await rename(partial, directory);
}

/** A copy of the data directory and of its tablespace; something writes while it is made, so that it is not consistent by luck. */
async function takeBackup(cluster: SourceCluster, into: string): Promise<void> {
  const port = String(cluster.port);
  const inside = ['exec', '-i', '-u', 'postgres', cluster.container];
  const busy = spawn('docker', [...inside, 'psql', '-Xq', '-o', '/dev/null', '-p', port, 'app']);
  busy.stdin.write('insert into ticks default values;\n\\watch 0.05\n');
  const busyEnd = new Promise((resolve) => busy.once('close', resolve));
  await cluster.exec([
    ...['pg_basebackup', '-D', '/tmp/taken/data', '-Fp', '-X', 'none', '-c', 'fast', '-p', port],
    ...['-T', `${location}=/tmp/taken/cold`],
  ]);
  busy.kill();
  await cluster.psql(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like '%ticks default%' and pid <> pg_backend_pid()`,
  );
  await busyEnd;
  await run('docker', ['cp', '-a', `${cluster.container}:/tmp/taken`, into]);
}

/** Every file in a folder, each with WAL-G's default settings, under its name with the suffix. */
async function compressAll(folder: string, codec: Codec): Promise<void> {
  if (codec === 'none') return;
  for (const name of await readdir(folder)) {
    const [from, to] = [join(folder, name), join(folder, name + suffixes[codec])];
    // 4 MiB blocks that do not depend on each other, with a checksum of the content.
    if (codec === 'lz4') await run('lz4', ['-1', '-B7', '--rm', '-q', from, to]);
    else {
      const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } };
      await pipeline(createReadStream(from), createBrotliCompress(quality), createWriteStream(to));
      await rm(from);
    }
  }
}
