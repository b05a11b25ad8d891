import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { madeOnce, recorded } from './made-once.ts';
import { readTableFacts } from './psql.ts';
import { run } from './run-command.ts';
import { startS3 } from './s3-server.ts';
import type { TableFacts } from './sample-data.ts';
import { createTablespaceSql } from './sample-data.ts';
import { say } from './say.ts';
import { startSourceCluster } from './source-cluster.ts';
import { uploadDirectory } from './upload.ts';

/** A full backup and two incremental ones on it (`pg_basebackup --incremental`), oldest first. */
export const chainLinks = ['full', 'incremental-1', 'incremental-2'] as const;
export type ChainLink = (typeof chainLinks)[number];

/**
 * 17: tars with gzip. 18: uncompressed tars, and the middle one plain. With a tablespace, and another that is dropped
 * before the last backup.
 */
export interface IncrementalFixture {
  readonly major: 17 | 18;
  readonly bucket: string;
  /** What `odo start -u` gets; the backups are folders named as in `chainLinks`. */
  readonly url: string;
  /** For `startS3`. Shared by tests: read only. */
  readonly storageDir: string;
  readonly systemIdentifier: string;
  /** OID of the tablespace that the last backup has. */
  readonly tablespace: string;
  /** Table facts when each backup had ended; the unlogged one is empty after any restore. */
  readonly tables: Readonly<Record<ChainLink, Readonly<Record<string, TableFacts>>>>;
}

type Facts = Pick<IncrementalFixture, 'systemIdentifier' | 'tablespace' | 'tables'>;

/** Before each backup. What a file can go through between two: grown, cut off and grown again, emptied, new, gone. */
const sqlBefore: Readonly<Record<ChainLink, string>> = {
  full: `
    create table cut (id int, filler text);
    insert into cut select g, repeat(md5(g::text), 8) from generate_series(1, 4000) g;
    create table cut_later as select * from cut;
    create table emptied as select * from cut;
    create table dropped as select * from cut;
    create table grown as select * from cut where id <= 1000;
    create table one_page (id int);
    insert into one_page values (1);
    create table in_lost_tablespace (id int) tablespace lost;
    insert into in_lost_tablespace select generate_series(1, 5000);
    vacuum;
  `,
  'incremental-1': `
    delete from cut where id > 1000;
    vacuum (truncate) cut;
    truncate emptied;
    insert into grown select * from cut_later where id > 1000;
    update items set note = 'changed before incremental-1' where id % 500 = 0;
    update archive_items set note = 'changed before incremental-1' where id % 1000 = 0;
    create table born (id int, filler text);
    insert into born select g, md5(g::text) from generate_series(1, 3000) g;
    insert into life values (2, 'incremental-1');
  `,
  'incremental-2': `
    insert into cut select g, repeat(md5((-g)::text), 8) from generate_series(1001, 2500) g;
    delete from cut_later where id > 500;
    vacuum (truncate) cut_later;
    insert into emptied select g, 'again' from generate_series(1, 100) g;
    drop table dropped;
    drop table in_lost_tablespace;
    drop tablespace lost;
    update born set filler = 'changed' where id % 100 = 0;
    update items set note = 'changed before incremental-2' where id % 700 = 0;
    update archive_items set note = 'changed before incremental-2' where id % 1500 = 0;
    create table born_late as select * from born;
    insert into life values (3, 'incremental-2');
  `,
};

/** The chain of that major; made by the real tools the first time. */
export async function incrementalFixture(major: 17 | 18): Promise<IncrementalFixture> {
  const set = `${major}-incremental`;
  const bucket = `incremental-${major}`;
  const makers = [basename(import.meta.filename)];
  const directory = await madeOnce(set, makers, (made) => makeChain(major, bucket, made));
  const expected = await recorded<Facts>(directory);
  return { major, bucket, url: `s3://${bucket}/pg`, storageDir: join(directory, 's3'), ...expected };
}

async function makeChain(major: 17 | 18, bucket: string, directory: string): Promise<void> {
  say(`making fixture ${bucket}`);
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 's3'), { recursive: true });
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets: [bucket] });
  const name = `odo-lab-source-${major}-incremental`;
  await using cluster = await startSourceCluster({ name, major, scale: 0.05, env: {} });
  await cluster.psql(
    'alter system set summarize_wal = on; alter system set autovacuum = off; select pg_reload_conf();',
  );
  const places = '/var/lib/postgresql/tablespaces';
  await cluster.exec(['mkdir', '-p', '-m', '0700', `${places}/cold`, `${places}/lost`]);
  await cluster.psql(createTablespaceSql('cold', `${places}/cold`));
  await cluster.psql(`create tablespace lost location '${places}/lost'`);
  const tables: Partial<Record<ChainLink, Record<string, TableFacts>>> = {};
  for (const [index, link] of chainLinks.entries()) {
    for (const statement of sqlBefore[link].split(';\n').filter((sql) => sql.trim() !== '')) {
      await cluster.psql(statement);
    }
    tables[link] = { ...(await readTableFacts(cluster.psql)), scratch: { rows: 0, checksum: '0' } };
    const before = chainLinks[index - 1];
    const isPlain = major === 18 && link === 'incremental-1';
    const spaces = ['cold', 'lost'];
    const form = isPlain
      ? ['-Fp', ...spaces.map((space) => `--tablespace-mapping=${places}/${space}=/tmp/${link}.${space}`)]
      : ['-Ft', ...(major === 17 ? ['-z', '-Z', '1'] : [])];
    await cluster.exec([
      ...['pg_basebackup', '-D', `/tmp/${link}`, '-X', 'stream', '-c', 'fast', '-p', String(cluster.port)],
      ...form,
      ...(before === undefined ? [] : [`--incremental=/tmp/${before}/backup_manifest`]),
    ]);
    const copy = join(partial, link);
    await run('docker', ['cp', `${cluster.container}:/tmp/${link}`, copy]);
    // The links are lost in a bucket; what they point to is put in their place.
    for (const space of isPlain ? spaces : []) {
      const oid = await cluster.psql(`select oid from pg_tablespace where spcname = '${space}'`);
      await rm(join(copy, 'pg_tblspc', oid));
      await run('docker', ['cp', `${cluster.container}:/tmp/${link}.${space}`, join(copy, 'pg_tblspc', oid)]);
    }
    await uploadDirectory(s3, { bucket, prefix: `pg/${link}` }, copy);
    await rm(copy, { recursive: true });
  }
  const facts = {
    systemIdentifier: await cluster.psql('select system_identifier from pg_control_system()'),
    tablespace: await cluster.psql("select oid from pg_tablespace where spcname = 'cold'"),
    tables,
  };
  await writeFile(join(partial, 'expected.json'), `${JSON.stringify(facts, null, 2)}\n`);
  await rename(partial, directory);
}
