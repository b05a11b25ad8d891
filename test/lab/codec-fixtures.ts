import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { archiveSegment } from './archive-segment.ts';
import { imageName } from './images.ts';
import { labPath } from './lab-dir.ts';
import { madeOnce, recorded } from './made-once.ts';
import { readTableFacts } from './psql.ts';
import { run } from './run-command.ts';
import { type S3Server, startS3 } from './s3-server.ts';
import { lastSql, laterSql, type TableFacts } from './sample-data.ts';
import { say } from './say.ts';
import { type SourceCluster, startSourceCluster } from './source-cluster.ts';
import { uploadDirectory } from './upload.ts';

/** What writes a codec in the field: pg_basebackup itself, or a program whose output has the ending. */
const makers = {
  'client-lz4': { codec: 'lz4', compress: 'client-lz4' },
  'server-lz4': { codec: 'lz4', compress: 'server-lz4' },
  'client-zstd': { codec: 'zstd', compress: 'client-zstd' },
  'server-zstd': { codec: 'zstd', compress: 'server-zstd' },
  /** In frames, as its seekable variant and parallel writers make them. */
  'zstd-frames': { codec: 'zstd', pack: 'split -b 2M --filter="zstd -q -c" "$1" >"$2"', ending: 'zst' },
  bzip2: { codec: 'bzip2', pack: 'bzip2 -c "$1" >"$2"', ending: 'bz2' },
  xz: { codec: 'xz', pack: 'xz -c -1 -T2 --block-size=2MiB "$1" >"$2"', ending: 'xz' },
} as const satisfies Record<
  string,
  { codec: string } & ({ compress: string } | { pack: string; ending: string })
>;
export type CodecMaker = keyof typeof makers;
export const codecMakers = Object.keys(makers) as CodecMaker[];
export const codecOf = (maker: CodecMaker): string => makers[maker].codec;

/** How the archived segments are packed, in turns; one of each is under an ending that lies. */
const walPacks = [
  ['lz4 -q -c "$1" >"$2"', '.lz4'],
  ['zstd -q -c "$1" >"$2"', '.zst'],
  ['xz -c -0 "$1" >"$2"', '.xz'],
  ['bzip2 -c "$1" >"$2"', '.bz2'],
  ['gzip -c "$1" >"$2"', '.gz'],
  ['cp "$1" "$2"', ''],
  ['zstd -q -c "$1" >"$2"', '.gz'],
  ['cp "$1" "$2"', '.zst'],
] as const;

/** Backups of one small cluster of PostgreSQL 15. */
export interface CodecFixtures {
  readonly bucket: string;
  /** What `odo start -u` gets: a pg_basebackup of each maker, and a barman backup with WAL of every codec but snappy. */
  readonly urls: Readonly<Record<CodecMaker | 'barman', string>>;
  /** For `startS3`. Shared by tests: read only. */
  readonly storageDir: string;
  /** When each pg_basebackup had ended, and when all of the barman archive is replayed. */
  readonly tables: Readonly<Record<CodecMaker | 'barman', Readonly<Record<string, TableFacts>>>>;
  /** Endings of the archived segments. */
  readonly walEndings: readonly string[];
}

type Facts = Pick<CodecFixtures, 'tables' | 'walEndings'>;
const bucket = 'codecs-15';

/** Made by the real tools the first time. */
export async function codecFixtures(): Promise<CodecFixtures> {
  const directory = await madeOnce('15-codecs', [basename(import.meta.filename)], makeBackups);
  const urls = Object.fromEntries(
    [...codecMakers, 'barman'].map((maker) => [maker, `s3://${bucket}/${maker}`]),
  ) as CodecFixtures['urls'];
  const expected = await recorded<Facts>(directory);
  return { bucket, urls, storageDir: join(directory, 's3'), ...expected };
}

async function makeBackups(directory: string): Promise<void> {
  say(`making fixtures ${bucket}`);
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 's3'), { recursive: true });
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets: [bucket] });
  const tools = { ...s3.env, HOME: '/var/lib/postgresql' };
  const name = 'odo-lab-source-15-codecs';
  await using cluster = await startSourceCluster({ name, major: 15, scale: 0.1, env: tools });
  const facts = async () => ({
    ...(await readTableFacts(cluster.psql)),
    scratch: { rows: 0, checksum: '0' },
  });
  const tables: Record<string, Record<string, TableFacts>> = {};

  await using packing = await startPacking();
  const { pack } = packing;
  const plain = join(partial, 'plain');
  await baseBackup(cluster, 'none', plain);
  for (const maker of codecMakers) {
    const how = makers[maker];
    const copy = join(partial, maker);
    if ('compress' in how) {
      await baseBackup(cluster, how.compress, copy);
    } else {
      await cp(plain, copy, { recursive: true });
      const tars = (await readdir(copy)).filter((file) => file.endsWith('.tar'));
      await pack(tars.map((tar) => [how.pack, join(copy, tar), join(copy, `${tar}.${how.ending}`)]));
      for (const tar of tars) await rm(join(copy, tar));
    }
    await uploadDirectory(s3, { bucket, prefix: maker }, copy);
    await rm(copy, { recursive: true });
    tables[maker] = await facts();
  }
  await rm(plain, { recursive: true });

  await barmanBackup(cluster, s3);
  tables.barman = await facts();
  const walEndings = await packWal(s3, pack, join(partial, 'wal'));
  await writeFile(join(partial, 'expected.json'), `${JSON.stringify({ tables, walEndings }, null, 2)}\n`);
  await rename(partial, directory);
}

async function baseBackup(cluster: SourceCluster, compress: string, outside: string): Promise<void> {
  const inside = '/tmp/backup';
  const form = ['-Ft', '-X', 'stream', '-c', 'fast', '-p', String(cluster.port)];
  await cluster.exec(['pg_basebackup', '-D', inside, ...form, '--compress', compress]);
  await run('docker', ['cp', `${cluster.container}:${inside}`, outside]);
  await cluster.exec(['rm', '-rf', inside]);
}

/** A barman backup and its WAL, none of it compressed; more segments than there are ways to pack one. */
async function barmanBackup(cluster: SourceCluster, s3: S3Server): Promise<void> {
  const place = ['--endpoint-url', s3.endpoint, `s3://${bucket}/barman`, 'main'];
  await cluster.psql(`alter system set archive_command = 'barman-cloud-wal-archive ${place.join(' ')} %p'`);
  await cluster.psql('select pg_reload_conf()');
  const server = ['-h', '/var/run/postgresql', '-p', String(cluster.port), '-U', 'postgres'];
  await cluster.exec(['barman-cloud-backup', '--immediate-checkpoint', ...server, ...place]);
  await cluster.psql(laterSql);
  for (let segment = 0; segment <= walPacks.length; segment++) {
    if (segment === walPacks.length) await cluster.psql(lastSql);
    await cluster.psql(`insert into ticks (at) select '2026-01-01' from generate_series(1, 200)`);
    await archiveSegment(cluster);
  }
}

/** Replaces the archived segments by packed ones; returns their endings. */
async function packWal(s3: S3Server, pack: Pack, directory: string): Promise<string[]> {
  await mkdir(directory);
  const prefix = 'barman/main/wals/';
  const listed = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  const keys = (listed.Contents ?? [])
    .map((object) => object.Key ?? '')
    .filter((key) => /[0-9A-F]{24}$/.test(key));
  const jobs: [string, string, string][] = [];
  const endings: string[] = [];
  for (const [index, key] of keys.entries()) {
    const [command, ending] = walPacks[index % walPacks.length] ?? walPacks[0];
    const from = join(directory, `${index}.plain`);
    const to = join(directory, key.slice(prefix.length));
    const found = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    await writeFile(from, (await found.Body?.transformToByteArray()) ?? new Uint8Array());
    await mkdir(join(to, '..'), { recursive: true });
    jobs.push([command, from, `${to}${ending}`]);
    endings.push(ending);
    await s3.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  }
  await pack(jobs);
  for (const [, from] of jobs) await rm(from);
  await uploadDirectory(s3, { bucket, prefix: prefix.slice(0, -1) }, directory);
  await rm(directory, { recursive: true });
  return endings;
}

type Pack = (jobs: readonly (readonly [command: string, from: string, to: string])[]) => Promise<void>;

/** Runs commands with `$1` and `$2`, in a container that has the tools: none of them needs to be on this machine. */
async function startPacking(): Promise<{ pack: Pack } & AsyncDisposable> {
  const name = 'odo-lab-pack-15-codecs';
  const remove = async () => void (await run('docker', ['rm', '-fv', name]).catch(() => {}));
  await remove();
  const mount = ['-v', `${labPath('fixtures')}:${labPath('fixtures')}`];
  const options = ['--network', 'host', '-e', 'DEBIAN_FRONTEND=noninteractive', ...mount];
  const idle = ['--entrypoint', 'sleep', imageName(18), 'infinity'];
  await run('docker', ['run', '-d', '--name', name, ...options, ...idle]);
  const inside = (script: string) => run('docker', ['exec', name, 'sh', '-ec', script]);
  await inside(
    `apt-get update -qq
     apt-get install -y -qq --no-install-recommends bzip2 xz-utils lz4 zstd`,
  );
  return {
    pack: async (jobs) => {
      await inside(jobs.map(([command, from, to]) => `set -- '${from}' '${to}'; ${command}`).join('\n'));
    },
    [Symbol.asyncDispose]: remove,
  };
}
