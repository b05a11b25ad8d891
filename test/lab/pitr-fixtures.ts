import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { archiveSegment } from './archive-segment.ts';
import type { Major } from './images.ts';
import { madeOnce, recorded } from './made-once.ts';
import {
  fillerSql,
  insertMark,
  type MarkedRow,
  marksSql,
  readAborted,
  readMarkedRows,
  type TransactionEnd,
} from './marked-rows.ts';
import type { Psql } from './psql.ts';
import { run } from './run-command.ts';
import { type S3Server, startS3 } from './s3-server.ts';
import { say } from './say.ts';
import { startSideServer, untilPromoted } from './side-server.ts';
import { type SourceCluster, startSourceCluster } from './source-cluster.ts';
import { waitUntil } from './wait-until.ts';

/**
 * What a major's archive is like. The last segment of timeline 2, unfinished: ended by `pg_switch_wal`, by the stop
 * of its server, or archived as it lay in `pg_wal` when the server was lost.
 */
const variants = {
  15: { segmentMiB: 1, backup: ['-z'], wal: ['-z'], lastSegment: 'switched' },
  17: { segmentMiB: 16, backup: ['-z'], wal: [], lastSegment: 'stopped' },
  18: { segmentMiB: 1, backup: ['-z'], wal: ['-z'], lastSegment: 'lost' },
} as const satisfies Record<Major, unknown>;

/** When a named restore point was made. */
export interface RestorePoint {
  readonly name: string;
  readonly timeline: number;
  /** Behind its record. */
  readonly lsn: string;
  /** The last row that was committed on this timeline before it. */
  readonly after: number;
}

/** What backup.info says of a backup. */
export interface PitrBackup {
  readonly id: string;
  readonly beginLsn: string;
  readonly endLsn: string;
  readonly endTime: string;
}

export interface Fork {
  readonly parent: number;
  /** The first position that belongs to the new timeline. */
  readonly switchLsn: string;
}

/**
 * A barman archive of one cluster with three timelines:
 *
 *     1  --1--[A]--2 3 · 4 ···quiet··· 5 6x 7p 8 7 · 9 10 --+-- 11 12--[B]--13 14 · 15 --+-- 16 (split brain)
 *     2                                                      |                            +-- 20 21 · 22 23 24
 *     3                                                      +-- 30 31
 *
 * Digits are rows of `marks`, dots restore points, 6 is rolled back, 7 is prepared before 8 and committed after it.
 */
export interface PitrFixture {
  readonly major: Major;
  readonly segmentBytes: number;
  readonly bucket: string;
  readonly prefix: string;
  /** What `odo start -u` gets. */
  readonly url: string;
  /** For `startS3`. Shared by tests: read only. */
  readonly storageDir: string;
  readonly systemIdentifier: string;
  readonly backups: { readonly a: PitrBackup; readonly b: PitrBackup };
  /** By timeline, in order of their commits. */
  readonly rows: readonly MarkedRow[];
  readonly aborted: TransactionEnd;
  readonly restorePoints: readonly RestorePoint[];
  readonly forks: { readonly 2: Fork; readonly 3: Fork };
  /** A position behind everything on each timeline. */
  readonly ends: { readonly 1: string; readonly 2: string; readonly 3: string };
}

type Facts = Omit<PitrFixture, 'major' | 'segmentBytes' | 'bucket' | 'prefix' | 'url' | 'storageDir'>;

/** The archive of that major; made by the real tools the first time. */
export async function pitrFixture(major: Major): Promise<PitrFixture> {
  const makers = [basename(import.meta.filename), 'marked-rows.ts', 'side-server.ts'];
  const directory = await madeOnce(`${major}-pitr`, makers, (made) => makeArchive(major, made));
  const bucket = bucketOf(major);
  return {
    major,
    segmentBytes: variants[major].segmentMiB * 2 ** 20,
    bucket,
    prefix: 'pg/main',
    url: `s3://${bucket}/pg/main`,
    storageDir: join(directory, 's3'),
    ...(await recorded<Facts>(directory)),
  };
}

const bucketOf = (major: Major) => `pitr-${major}`;

interface Workshop {
  readonly major: Major;
  readonly cluster: SourceCluster;
  readonly s3: S3Server;
  /** Arguments that name the server's folder. */
  readonly place: readonly string[];
  readonly restorePoints: RestorePoint[];
}

async function makeArchive(major: Major, directory: string): Promise<void> {
  const bucket = bucketOf(major);
  say(`making fixture ${bucket}`);
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 's3'), { recursive: true });
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets: [bucket] });
  const { segmentMiB } = variants[major];
  const env = {
    ...s3.env,
    HOME: '/var/lib/postgresql',
    POSTGRES_INITDB_ARGS: `--wal-segsize=${segmentMiB}`,
  };
  const name = `odo-lab-source-${major}-pitr`;
  await using cluster = await startSourceCluster({ name, major, scale: 0, env });
  const place = [`s3://${bucket}/pg`, 'main'];
  const shop: Workshop = { major, cluster, s3, place, restorePoints: [] };
  await configure(shop);
  const facts = await tell(shop);
  await writeFile(join(partial, 'expected.json'), `${JSON.stringify(facts, null, 2)}\n`);
  await rename(partial, directory);
}

async function configure({ major, cluster, s3, place }: Workshop): Promise<void> {
  const archive = [
    'barman-cloud-wal-archive',
    '--endpoint-url',
    s3.endpoint,
    ...variants[major].wal,
    ...place,
  ];
  const settings = {
    archive_command: `${archive.join(' ')} %p`,
    track_commit_timestamp: 'on',
    max_prepared_transactions: '5',
    // Nothing but what is told here; and all of it can be looked at in the end.
    autovacuum: 'off',
    wal_keep_size: '1GB',
  };
  for (const [name, value] of Object.entries(settings)) {
    await cluster.psql(`alter system set ${name} = '${value}'`);
  }
  await run('docker', ['restart', '-t', '60', cluster.container]);
  await waitUntil('the source is up again', async () => (await cluster.psql('select 1')) === '1');
  await cluster.psql(marksSql);
}

async function tell(shop: Workshop): Promise<Facts> {
  const { major, cluster } = shop;
  const { psql } = cluster;
  const segmentBytes = variants[major].segmentMiB * 2 ** 20;
  const start = await psql('select pg_current_wal_lsn()');
  await write(psql, 1);
  const a = await backUp(shop);
  await write(psql, 2, 3);
  await restorePoint(shop, psql, 1, 'twice', 3);
  await write(psql, 4);
  await psql('select pg_sleep(3)');
  await write(psql, 5);
  await psql(`begin; ${insertMark(6, 'rolled back')} rollback;`);
  await psql(`begin; ${insertMark(7, 'prepared')} prepare transaction 'seven';`);
  await write(psql, 8);
  await psql(`commit prepared 'seven'`);
  await restorePoint(shop, psql, 1, 'after seven', 7);
  await archiveSegment(cluster);
  await write(psql, 9, 10);
  const forkOf3 = await psql('select pg_current_wal_insert_lsn()');
  await write(psql, 11);
  await psql(fillerSql(3 * segmentBytes));
  await write(psql, 12);
  const b = await backUp(shop);
  await write(psql, 13);
  await restorePoint(shop, psql, 1, 'twice', 13);
  await psql(fillerSql(2 * segmentBytes));
  await write(psql, 14);
  await restorePoint(shop, psql, 1, 'before the switch', 14);

  const standby = await startStandby(shop);
  await write(psql, 15);
  const reached = await psql('select pg_current_wal_lsn()');
  await waitUntil(
    'the standby has caught up',
    async () => (await standby.psql(`select pg_last_wal_replay_lsn() >= '${reached}'`)) === 't',
  );
  await standby.psql('select pg_promote()');
  await untilPromoted(standby);
  // The old primary does not know yet.
  await write(psql, 16);
  const endOf1 = await psql('select pg_current_wal_insert_lsn()');
  await archiveSegment(cluster);

  const [on2, fork2] = await goOnOn2(shop, standby, segmentBytes);
  const [on3, fork3] = await goOnOn3(shop, a.id, forkOf3);
  const rows = [...(await readMarkedRows(psql, 1, start)), ...on2.rows, ...on3.rows];
  const [aborted] = await readAborted(psql, 1, start);
  if (aborted === undefined) throw new Error('Nothing was rolled back');
  return {
    systemIdentifier: await psql('select system_identifier from pg_control_system()'),
    backups: { a, b },
    rows,
    aborted,
    restorePoints: shop.restorePoints,
    forks: { 2: fork2, 3: fork3 },
    ends: { 1: endOf1, 2: on2.end, 3: on3.end },
  };
}

async function write(psql: Psql, ...ids: number[]): Promise<void> {
  await psql(ids.map((id) => insertMark(id, `row ${id}`)).join(''));
}

async function restorePoint(shop: Workshop, psql: Psql, timeline: number, name: string, after: number) {
  const lsn = await psql(`select pg_create_restore_point('${name}')`);
  shop.restorePoints.push({ name, timeline, lsn, after });
}

async function backUp({ major, cluster, s3, place }: Workshop): Promise<PitrBackup> {
  const connection = ['-h', '/var/run/postgresql', '-p', String(cluster.port), '-U', 'postgres'];
  const options = ['--endpoint-url', s3.endpoint, '--immediate-checkpoint', ...connection];
  const started = Date.now();
  await cluster.exec(['barman-cloud-backup', ...options, ...variants[major].backup, ...place]);
  // Ids are of one second.
  await waitUntil('another second has begun', () => Date.now() - started > 1100);
  const listed = await cluster.exec([
    ...['barman-cloud-backup-list', '--endpoint-url', s3.endpoint, '--format', 'json', ...place],
  ]);
  const { backups_list: list } = JSON.parse(listed) as { backups_list: { backup_id: string }[] };
  const id =
    list
      .map((backup) => backup.backup_id)
      .sort()
      .at(-1) ?? '';
  const [url = '', server = ''] = place;
  const file = `${url.replace('s3://', '')}/${server}/base/${id}/backup.info._S3rver_object`;
  const info = await readFile(join(s3.storageDir, file), 'utf8');
  const field = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(info)?.[1] ?? '';
  return {
    id,
    beginLsn: field('begin_xlog'),
    endLsn: field('end_xlog'),
    endTime: new Date(field('end_time')).toISOString(),
  };
}

function startStandby({ cluster }: Workshop) {
  const directory = '/tmp/standby';
  const copy = ['pg_basebackup', '-D', directory, '-R', '-X', 'stream', '-c', 'fast'];
  return cluster
    .exec([...copy, '-h', '/var/run/postgresql', '-p', String(cluster.port), '-U', 'postgres'])
    .then(() => startSideServer(cluster, directory, {}));
}

/** What a timeline begins with, by its first history entry. */
async function forkOf(psql: Psql, timeline: number): Promise<Fork> {
  const name = `${timeline.toString(16).padStart(8, '0')}.history`;
  const [parent = '', switchLsn = ''] = (await psql(`select pg_read_file('pg_wal/${name}')`)).split(/\s+/);
  return { parent: Number(parent), switchLsn };
}

async function goOnOn2(
  shop: Workshop,
  standby: Awaited<ReturnType<typeof startSideServer>>,
  segmentBytes: number,
): Promise<[{ rows: MarkedRow[]; end: string }, Fork]> {
  const { psql } = standby;
  const fork = await forkOf(psql, 2);
  await write(psql, 20, 21);
  await restorePoint(shop, psql, 2, 'on timeline 2', 21);
  await psql(fillerSql(2 * segmentBytes));
  await write(psql, 22);
  await archiveSegment({ ...shop.cluster, psql });
  await write(psql, 23, 24);
  const end = await psql('select pg_current_wal_insert_lsn()');
  const rows = await readMarkedRows(psql, 2, fork.switchLsn);
  const { lastSegment } = variants[shop.major];
  if (lastSegment === 'switched') await archiveSegment({ ...shop.cluster, psql });
  if (lastSegment === 'lost') {
    const segment = await psql('select pg_walfile_name(pg_current_wal_lsn())');
    const options = ['--endpoint-url', shop.s3.endpoint, ...variants[shop.major].wal, ...shop.place];
    const file = `${standby.dataDirectory}/pg_wal/${segment}`;
    await shop.cluster.exec(['barman-cloud-wal-archive', ...options, file]);
  }
  if (lastSegment !== 'stopped') {
    await psql(`alter system set archive_command = '/bin/true'`);
    await psql('select pg_reload_conf()');
    await waitUntil(
      'nothing is archived any more',
      async () => (await psql('show archive_command')) === '/bin/true',
    );
  }
  await standby.stop();
  return [{ rows, end }, fork];
}

/** Somebody restored backup A to an earlier moment and went on from there, archiving into the same folder. */
async function goOnOn3(
  { cluster, s3, place }: Workshop,
  backup: string,
  forkLsn: string,
): Promise<[{ rows: MarkedRow[]; end: string }, Fork]> {
  const directory = '/tmp/fork';
  const endpoint = ['--endpoint-url', s3.endpoint];
  await cluster.exec(['mkdir', '-m', '0700', directory]);
  await cluster.exec(['barman-cloud-restore', ...endpoint, ...place, backup, directory]);
  await cluster.exec(['touch', `${directory}/recovery.signal`]);
  const server = await startSideServer(cluster, directory, {
    restore_command: `barman-cloud-wal-restore ${[...endpoint, ...place].join(' ')} %f %p`,
    recovery_target_lsn: forkLsn,
    recovery_target_inclusive: 'off',
    recovery_target_timeline: '1',
    recovery_target_action: 'promote',
  });
  await untilPromoted(server);
  const { psql } = server;
  const fork = await forkOf(psql, 3);
  await write(psql, 30, 31);
  const end = await psql('select pg_current_wal_insert_lsn()');
  const rows = await readMarkedRows(psql, 3, fork.switchLsn);
  await archiveSegment({ ...cluster, psql });
  await server.stop();
  return [{ rows, end }, fork];
}
