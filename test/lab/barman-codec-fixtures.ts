import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { archiveSegment } from './archive-segment.ts';
import type { Major } from './images.ts';
import { madeOnce, recorded } from './made-once.ts';
import { readTableFacts } from './psql.ts';
import { run } from './run-command.ts';
import { startS3 } from './s3-server.ts';
import { lastSql, laterSql, type TableFacts } from './sample-data.ts';
import { say } from './say.ts';
import { startSourceCluster } from './source-cluster.ts';

/** Servers of one archive, by what barman-cloud-backup and barman-cloud-wal-archive are told. */
const servers = {
  bzip2: { major: 15, codec: 'bzip2', backup: '-j', wal: '-j' },
  lz4: { major: 18, codec: 'lz4', backup: '--lz4', wal: '--lz4' },
  zstd: { major: 18, codec: 'zstd', backup: '--zstd', wal: '--xz' },
} as const satisfies Record<string, { major: Major; codec: string; backup: string; wal: string }>;
export type BarmanCodecName = keyof typeof servers;
export const barmanCodecs = Object.keys(servers) as BarmanCodecName[];

export interface BarmanCodecFixture {
  readonly major: Major;
  readonly codec: string;
  /** What `odo start -u` gets. */
  readonly url: string;
  /** For `startS3`. Shared by tests: read only. */
  readonly storageDir: string;
  /** When everything that was archived is replayed. */
  readonly tables: Readonly<Record<string, TableFacts>>;
}

/** A backup that barman compressed by itself: 3.4 beside PostgreSQL 15, 3.20 beside 18. Made the first time. */
export async function barmanCodecFixture(name: BarmanCodecName): Promise<BarmanCodecFixture> {
  const { major, codec } = servers[name];
  const set = `${major}-barman-codecs`;
  const bucket = `barman-codecs-${major}`;
  const makers = [basename(import.meta.filename)];
  const directory = await madeOnce(set, makers, (made) => makeBackups(major, bucket, made));
  const { tables } = await recorded<Pick<BarmanCodecFixture, 'tables'>>(directory);
  return { major, codec, url: `s3://${bucket}/pg/${name}`, storageDir: join(directory, 's3'), tables };
}

async function makeBackups(major: Major, bucket: string, directory: string): Promise<void> {
  say(`making fixtures ${bucket}`);
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 's3'), { recursive: true });
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets: [bucket] });
  const env = { ...s3.env, HOME: '/var/lib/postgresql' };
  await using cluster = await startSourceCluster({
    name: `odo-lab-source-${major}-barman-codecs`,
    major,
    scale: 0.1,
    env,
  });
  // barman only recommends what these compressions need.
  if (major === 18) {
    const install =
      'apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-lz4 python3-zstandard';
    const inside = ['exec', '-u', 'root', '-e', 'DEBIAN_FRONTEND=noninteractive', cluster.container];
    await run('docker', [...inside, 'sh', '-ec', install]);
  }
  const ofMajor = Object.entries(servers).filter(([, server]) => server.major === major);
  const place = (name: string) => [`s3://${bucket}/pg`, name];
  const archive = ofMajor.map(([name, { wal }]) =>
    ['barman-cloud-wal-archive', '--endpoint-url', s3.endpoint, wal, ...place(name), '%p'].join(' '),
  );
  await cluster.psql(`alter system set archive_command = '${archive.join(' && ')}'`);
  await cluster.psql('select pg_reload_conf()');
  const connection = ['-h', '/var/run/postgresql', '-p', String(cluster.port), '-U', 'postgres'];
  for (const [name, { backup }] of ofMajor) {
    const options = ['--endpoint-url', s3.endpoint, '--immediate-checkpoint', ...connection];
    await cluster.exec(['barman-cloud-backup', ...options, backup, ...place(name)]);
  }
  await cluster.psql(laterSql);
  await cluster.psql(lastSql);
  await archiveSegment(cluster);
  // An unlogged table comes back empty.
  const tables = { ...(await readTableFacts(cluster.psql)), scratch: { rows: 0, checksum: '0' } };
  await writeFile(join(partial, 'expected.json'), `${JSON.stringify({ tables }, null, 2)}\n`);
  await rename(partial, directory);
}
