import { spawn } from 'node:child_process';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveSegment } from './archive-segment.ts';
import type { FixtureExpectation, FixtureName } from './fixture-list.ts';
import type { Major } from './images.ts';
import { readTableFacts } from './psql.ts';
import { run } from './run-command.ts';
import { type S3Server, startS3 } from './s3-server.ts';
import { createTablespaceSql, lastSql, laterSql } from './sample-data.ts';
import { say } from './say.ts';
import { type SourceCluster, startSourceCluster } from './source-cluster.ts';
import { uploadDirectory } from './upload.ts';

/** Below the bucket: barman's server folder is `pg/main`, pg_basebackup's folders are `pg/<timestamp>`. */
export const fixturePrefix = 'pg';
export const fixtureServer = 'main';

interface Workshop {
  readonly cluster: SourceCluster;
  readonly s3: S3Server;
  readonly major: Major;
  /** Recorded expectation by fixture. */
  readonly made: Map<string, FixtureExpectation>;
}

type Tables = FixtureExpectation['atBackupEnd']['tables'];

/** Makes every fixture of one set (`15`, `17`, `18`, `15-large`) and puts them at `directory` at once, when all is done. */
export async function makeFixtureSet(set: FixtureSet, directory: string): Promise<void> {
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(partial, 's3'), { recursive: true });
  const { major, buckets, scale, make } = sets[set];
  say(`making fixtures ${buckets.join(', ')}`);
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets });
  const tools = { ...s3.env, HOME: '/var/lib/postgresql' };
  await using cluster = await startSourceCluster({ name: `odo-lab-source-${set}`, major, scale, env: tools });
  const made = new Map<string, FixtureExpectation>();
  await make({ cluster, s3, major, made });
  await writeFile(join(partial, 'expected.json'), `${JSON.stringify(Object.fromEntries(made), null, 2)}\n`);
  await rename(partial, directory);
}

const sets = {
  '15': {
    major: 15,
    scale: 1,
    buckets: ['barman-15', 'barman-15-plain', 'basebackup-15', 'basebackup-15-plain'],
    make: make15,
  },
  '17': {
    major: 17,
    scale: 1,
    buckets: ['barman-17', 'basebackup-17', 'basebackup-17-tablespace'],
    make: make17,
  },
  '18': { major: 18, scale: 1, buckets: ['barman-18', 'basebackup-18'], make: make18 },
  '15-plain-tree': { major: 15, scale: 1, buckets: ['basebackup-15-tree'], make: make15Tree },
  '17-fetch': { major: 17, scale: 1, buckets: ['basebackup-17-fetch'], make: make17Fetch },
  '18-none': { major: 18, scale: 1, buckets: ['basebackup-18-none'], make: make18None },
  '15-large': { major: 15, scale: 4, buckets: ['basebackup-15-large'], make: make15Large },
} as const satisfies Record<
  string,
  { major: Major; scale: number; buckets: readonly FixtureName[]; make: (shop: Workshop) => Promise<void> }
>;

export type FixtureSet = keyof typeof sets;
export const fixtureSets = Object.keys(sets) as FixtureSet[];

export function setOf(name: FixtureName): FixtureSet {
  const found = fixtureSets.find((set) => (sets[set].buckets as readonly string[]).includes(name));
  if (found === undefined) throw new Error(`No set makes ${name}`);
  return found;
}

async function make15(shop: Workshop): Promise<void> {
  await barman(shop, [
    { bucket: 'barman-15', backup: ['-z'], wal: ['-z'], compression: 'gzip' },
    { bucket: 'barman-15-plain', backup: [], wal: [], compression: 'none' },
  ]);
  await baseBackup(shop, 'basebackup-15', ['-z', '-Z', '1'], 'gzip');
  await baseBackup(shop, 'basebackup-15-plain', [], 'none');
}

async function make17(shop: Workshop): Promise<void> {
  // What such a cluster leaves in postgresql.auto.conf: it would go on archiving to where it came from.
  await shop.cluster.psql('alter system set archive_mode = on');
  // Counted after compression, and looked at between two files: several archives.
  await barman(shop, [{ bucket: 'barman-17', backup: ['-z', '-S', '15MB'], wal: [], compression: 'gzip' }]);
  await baseBackup(shop, 'basebackup-17', ['-z', '-Z', '1'], 'gzip');
  await addTablespace(shop);
  await baseBackup(shop, 'basebackup-17-tablespace', [], 'none');
}

async function make18(shop: Workshop): Promise<void> {
  await addTablespace(shop);
  await barman(shop, [
    { bucket: 'barman-18', backup: ['-z', '-n', 'nightly'], wal: ['-z'], compression: 'gzip' },
  ]);
  await baseBackup(shop, 'basebackup-18', ['-z', '-Z', '1'], 'gzip');
}

async function make15Large(shop: Workshop): Promise<void> {
  await baseBackup(shop, 'basebackup-15-large', ['-z', '-Z', '1'], 'gzip');
}

async function make15Tree(shop: Workshop): Promise<void> {
  await addTablespace(shop);
  const mapped = (inside: string) => ['-T', `${coldLocation}=${inside}/cold`];
  await baseBackup(shop, 'basebackup-15-tree', [], 'none', { form: ['-Fp', '-X', 'stream'], mapped });
}

async function make17Fetch(shop: Workshop): Promise<void> {
  const options = ['-z', '-Z', '1', '--manifest-checksums', 'SHA256'];
  await baseBackup(shop, 'basebackup-17-fetch', options, 'gzip', { form: ['-Ft', '-X', 'fetch'] });
}

/** Later rows are in the archive only. */
async function make18None(shop: Workshop): Promise<void> {
  const { cluster, s3 } = shop;
  const bucket = 'basebackup-18-none';
  const archive = ['--endpoint-url', s3.endpoint, '-z', `s3://${bucket}/archive`, fixtureServer, '%p'];
  await cluster.psql(`alter system set archive_command = 'barman-cloud-wal-archive ${archive.join(' ')}'`);
  await cluster.psql('select pg_reload_conf()');
  const options = ['--no-manifest', '--label', 'before the move'];
  await baseBackup(shop, bucket, options, 'none', { form: ['-Ft', '-X', 'none'] });
  await cluster.psql(laterSql);
  await archiveSegment(cluster);
  await cluster.psql(lastSql);
  const atLatest = {
    tables: await restoredFacts(shop),
    lsn: await cluster.psql('select pg_current_wal_lsn()'),
  };
  await archiveSegment(cluster);
  shop.made.set(bucket, { ...(shop.made.get(bucket) as FixtureExpectation), atLatest });
}

const coldLocation = '/var/lib/postgresql/tablespaces/cold';

async function addTablespace({ cluster }: Workshop): Promise<void> {
  await cluster.exec(['mkdir', '-p', '-m', '0700', coldLocation]);
  await cluster.psql(createTablespaceSql('cold', coldLocation));
}

async function clusterFacts({
  cluster,
  major,
}: Workshop): Promise<
  Omit<FixtureExpectation, 'backups' | 'compression' | 'atBackupEnd' | 'atLatest' | 'between'>
> {
  const line = await cluster.psql(
    `select current_setting('server_version_num'), (select system_identifier from pg_control_system()), (select timeline_id from pg_control_checkpoint())`,
  );
  const [version, systemIdentifier, timeline] = line.split('|');
  const spaces = await cluster.psql(
    `select oid, spcname, pg_tablespace_location(oid) from pg_tablespace where spcname not like 'pg\\_%'`,
  );
  return {
    major,
    serverVersion: Number(version),
    systemIdentifier: systemIdentifier ?? '',
    timeline: Number(timeline),
    tablespaces: spaces
      .split('\n')
      .filter(Boolean)
      .map((row) => {
        const [oid = '', name = '', location = ''] = row.split('|');
        return { oid, name, location };
      }),
  };
}

/** Facts as a restored cluster shows them: an unlogged table comes back empty. */
async function restoredFacts({ cluster }: Workshop): Promise<Tables> {
  return { ...(await readTableFacts(cluster.psql)), scratch: { rows: 0, checksum: '0' } };
}

async function barman(
  shop: Workshop,
  servers: readonly {
    bucket: FixtureName;
    backup: readonly string[];
    wal: readonly string[];
    compression: 'gzip' | 'none';
  }[],
): Promise<void> {
  const { cluster, s3 } = shop;
  const place = (bucket: string) => [`s3://${bucket}/${fixturePrefix}`, fixtureServer];
  const archive = servers
    .map(({ bucket, wal }) =>
      ['barman-cloud-wal-archive', '--endpoint-url', s3.endpoint, ...wal, ...place(bucket), '%p'].join(' '),
    )
    .join(' && ');
  await cluster.psql(`alter system set archive_command = '${archive}'`);
  await cluster.psql('select pg_reload_conf()');

  const options = [
    '--endpoint-url',
    s3.endpoint,
    '--immediate-checkpoint',
    '-h',
    '/var/run/postgresql',
    '-p',
    String(cluster.port),
    '-U',
    'postgres',
  ];
  // Something writes while the backup runs, so that the copy is not consistent by luck.
  const busy = spawn('docker', [
    'exec',
    '-i',
    '-u',
    'postgres',
    cluster.container,
    'psql',
    '-Xq',
    '-o',
    '/dev/null',
    '-p',
    String(cluster.port),
    'app',
  ]);
  busy.stdin.write('insert into ticks default values;\n\\watch 0.05\n');
  const busyEnd = new Promise((resolve) => busy.once('close', resolve));
  for (const { bucket, backup } of servers) {
    await cluster.exec(['barman-cloud-backup', ...options, ...backup, ...place(bucket)]);
  }
  busy.kill();
  await cluster.psql(
    `select pg_terminate_backend(pid) from pg_stat_activity where query like '%ticks default%' and pid <> pg_backend_pid()`,
  );
  await busyEnd;

  // How many ticks a restore to the end of the backup holds, nobody knows.
  const { ticks: _, ...settled } = await restoredFacts(shop);
  const atBackupEnd = { tables: settled };
  await cluster.psql(laterSql);
  const restorePoint = 'after_later_rows';
  const [lsn = '', time = '', xid = ''] = (
    await cluster.psql(`select pg_create_restore_point('${restorePoint}'), clock_timestamp(), txid_current()`)
  ).split('|');
  const between = { restorePoint, lsn, time, xid, tables: await restoredFacts(shop) };
  await archiveSegment(cluster);
  await cluster.psql(lastSql);
  const latest = {
    tables: await restoredFacts(shop),
    lsn: await cluster.psql('select pg_current_wal_lsn()'),
  };
  await archiveSegment(cluster);
  // Whatever comes later on this cluster is none of these fixtures' business.
  await cluster.psql(`alter system set archive_command = '/bin/true'`);
  await cluster.psql('select pg_reload_conf()');

  const facts = await clusterFacts(shop);
  for (const { bucket, compression } of servers) {
    const bases = await readdir(join(s3.storageDir, bucket, fixturePrefix, fixtureServer, 'base'));
    shop.made.set(bucket, {
      ...facts,
      backups: bases.sort(),
      compression,
      atBackupEnd,
      atLatest: latest,
      between,
    });
  }
}

async function baseBackup(
  shop: Workshop,
  bucket: FixtureName,
  options: readonly string[],
  compression: 'gzip' | 'none',
  how: {
    form: readonly string[];
    /** Plain form, beside the tablespaces: the options that send them there. */
    mapped?: (inside: string) => readonly string[];
  } = { form: ['-Ft', '-X', 'stream'] },
): Promise<void> {
  const { cluster, s3 } = shop;
  const folder = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
  const inside = `/tmp/${bucket}`;
  await cluster.exec([
    'pg_basebackup',
    '-D',
    how.mapped === undefined ? inside : `${inside}/data`,
    ...how.form,
    ...(how.mapped?.(inside) ?? []),
    '-c',
    'fast',
    '-p',
    String(cluster.port),
    ...options,
  ]);
  const outside = join(s3.storageDir, '..', `${bucket}.copy`);
  await run('docker', ['cp', `${cluster.container}:${inside}`, outside]);
  await cluster.exec(['rm', '-rf', inside]);
  await uploadDirectory(s3, { bucket, prefix: `${fixturePrefix}/${folder}` }, outside);
  await rm(outside, { recursive: true });
  const tables = await restoredFacts(shop);
  const lsn = await cluster.psql('select pg_current_wal_lsn()');
  shop.made.set(bucket, {
    ...(await clusterFacts(shop)),
    backups: [folder],
    compression,
    atBackupEnd: { tables },
    atLatest: { tables, lsn },
    between: null,
  });
}
