import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { archiveSegment } from './archive-segment.ts';
import { madeOnce, recorded } from './made-once.ts';
import { run } from './run-command.ts';
import { startS3 } from './s3-server.ts';
import { sampleDatabase } from './sample-data.ts';
import { say } from './say.ts';
import { startSourceCluster } from './source-cluster.ts';
import { uploadDirectory } from './upload.ts';

const major = 15;

/** Barman's backup and archive, and a pg_basebackup of the same cluster with its own WAL beside it. */
export const smallBackups = { 'barman-cloud': 'small-barman', pg_basebackup: 'small-basebackup' } as const;
export type SmallFormat = keyof typeof smallBackups;

/**
 * One PostgreSQL 15 cluster that is restored in a second or two: two databases without their templates, empty but for
 * a few hundred kilobytes in two tables, WAL segments of 1 MiB, one tablespace. For tests that restore it hundreds of times.
 */
export interface SmallFixture {
  /** For `startS3`: all buckets. Shared by tests: read only. */
  readonly storageDir: string;
  /** What `odo start -u` gets. */
  readonly urls: Readonly<Record<SmallFormat, string>>;
  readonly tablespaceOid: string;
  /** What `smallFactsSql` answers after a restore to the end. */
  readonly facts: Readonly<Record<SmallFormat, string>>;
}

type Recorded = Pick<SmallFixture, 'facts' | 'tablespaceOid'>;

/** A line for each table: name, tablespace, rows, and a sum over a hash of every row. The function is in the cluster. */
export const smallFactsSql = 'select string_agg(fact, chr(59) order by fact) as facts from facts() as fact';

/** The backups; made by the real tools the first time. */
export async function smallFixture(): Promise<SmallFixture> {
  const directory = await madeOnce('15-small', [basename(import.meta.filename)], make);
  return {
    storageDir: join(directory, 's3'),
    urls: {
      'barman-cloud': `s3://${smallBackups['barman-cloud']}/pg/main`,
      pg_basebackup: `s3://${smallBackups.pg_basebackup}/pg`,
    },
    ...(await recorded<Recorded>(directory)),
  };
}

const tablespace = '/var/lib/postgresql/tablespaces/cold';

const contentSql = `
  create table items (id bigint primary key, note text);
  insert into items select g, md5(g::text) from generate_series(1, 2000) g;
  create tablespace cold location '${tablespace}';
  create table cold_items (id bigint primary key using index tablespace cold, note text) tablespace cold;
  insert into cold_items select g, md5((-g)::text) from generate_series(1, 2000) g;
  create function facts() returns setof text language plpgsql as $$
    declare
      found record;
      fact text;
    begin
      for found in select tablename, coalesce(tablespace, '-') as place from pg_tables where schemaname = 'public' loop
        execute format(
          'select count(*) || '' '' || coalesce(sum((''x'' || substr(md5(t::text), 1, 12))::bit(48)::bigint), 0) from %I t',
          found.tablename) into fact;
        return next found.tablename || ' ' || found.place || ' ' || fact;
      end loop;
    end $$;
`;

/**
 * Nothing is left to prune or to hint at, so that whoever reads a restored cluster changes no page of its catalogs, and
 * restores of one backup can be compared byte by byte.
 */
const settledSql = 'vacuum (freeze); checkpoint';

/** Half of the files of an empty cluster, and nothing that a restore looks at. */
const withoutTemplates = [
  `update pg_database set datistemplate = false where datname like 'template%'`,
  'drop database template0',
  'drop database template1',
];

/** Committed after the base backup, so that the archive alone has it. */
const laterSql = `
  insert into items select g, 'late' from generate_series(2001, 4000) g;
  update items set note = 'changed' where id % 50 = 0;
  delete from cold_items where id % 40 = 0;
`;

async function make(directory: string): Promise<void> {
  say('making the small fixtures');
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 's3'), { recursive: true });
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets: Object.values(smallBackups) });
  const env = { ...s3.env, HOME: '/var/lib/postgresql', POSTGRES_INITDB_ARGS: '--wal-segsize=1' };
  await using cluster = await startSourceCluster({ name: 'odo-lab-source-15-small', major, scale: 0, env });
  await cluster.exec(['mkdir', '-p', '-m', '0700', tablespace]);
  // What every cluster of the lab holds is more than is needed here.
  await cluster.psql('drop schema public cascade; create schema public');
  await cluster.psql('alter system set autovacuum = off');
  await cluster.psql('select pg_reload_conf()');
  await cluster.psql(contentSql);
  for (const sql of withoutTemplates) await cluster.psql(sql);
  for (const database of [sampleDatabase, 'postgres']) await cluster.psql(settledSql, database);
  const facts = () => cluster.psql(smallFactsSql);

  const taken = '/tmp/small/20261120T020000';
  const connection = ['-h', '/var/run/postgresql', '-p', String(cluster.port), '-U', 'postgres'];
  await cluster.exec([
    ...['pg_basebackup', '-D', taken, '-Ft', '-z', '-X', 'stream', '-c', 'fast'],
    ...connection,
  ]);
  const copy = join(partial, 'copy');
  await run('docker', ['cp', `${cluster.container}:/tmp/small`, copy]);
  await uploadDirectory(s3, { bucket: smallBackups.pg_basebackup, prefix: 'pg' }, copy);
  await rm(copy, { recursive: true });
  const ofBaseBackup = await facts();

  const place = [`s3://${smallBackups['barman-cloud']}/pg`, 'main'];
  const archive = ['barman-cloud-wal-archive', '--endpoint-url', s3.endpoint, '-z', ...place, '%p'];
  await cluster.psql(`alter system set archive_command = '${archive.join(' ')}'`);
  await cluster.psql('select pg_reload_conf()');
  const options = ['--endpoint-url', s3.endpoint, '--immediate-checkpoint', '-z', ...connection];
  await cluster.exec(['barman-cloud-backup', ...options, ...place]);
  await cluster.psql(laterSql);
  await archiveSegment(cluster);

  const made: Recorded = {
    tablespaceOid: await cluster.psql(`select oid from pg_tablespace where spcname = 'cold'`),
    facts: { 'barman-cloud': await facts(), pg_basebackup: ofBaseBackup },
  };
  await writeFile(join(partial, 'expected.json'), `${JSON.stringify(made, null, 2)}\n`);
  await rename(partial, directory);
}
