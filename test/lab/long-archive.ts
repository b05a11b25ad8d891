import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { archiveSegment } from './archive-segment.ts';
import { madeOnce, recorded } from './made-once.ts';
import { run } from './run-command.ts';
import { startS3 } from './s3-server.ts';
import { say } from './say.ts';
import { startSourceCluster } from './source-cluster.ts';
import { uploadDirectory } from './upload.ts';
import { waitUntil } from './wait-until.ts';

/** A barman backup of PostgreSQL 15 and full segments of 1 MiB behind it, of a few KiB each in the store. */
export interface LongArchive {
  readonly bucket: string;
  readonly prefix: string;
  /** What `odo start -u` gets. */
  readonly url: string;
  /** For `startS3`. Shared by tests: read only. */
  readonly storageDir: string;
  readonly segmentBytes: number;
  /** Segments behind the backup. */
  readonly segments: number;
  /** Rows of the table `steps`, 1 to `segments`: about one was committed in every segment. */
  readonly rows: number;
}

const bucket = 'long-archive-15';
const segmentBytes = 2 ** 20;

/** Made the first time. */
export async function longArchive(segments = 2000): Promise<LongArchive> {
  const set = `15-archive-of-${segments}`;
  const directory = await madeOnce(set, [basename(import.meta.filename)], (into) =>
    makeArchive(into, segments),
  );
  const { rows } = await recorded<{ rows: number }>(directory);
  const url = `s3://${bucket}/pg/main`;
  return { bucket, prefix: 'pg/main', url, storageDir: join(directory, 's3'), segmentBytes, segments, rows };
}

async function makeArchive(directory: string, segments: number): Promise<void> {
  say(`making fixture ${bucket} of ${segments} segments`);
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 's3'), { recursive: true });
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets: [bucket] });
  const env = { ...s3.env, HOME: '/var/lib/postgresql', POSTGRES_INITDB_ARGS: '--wal-segsize=1' };
  await using cluster = await startSourceCluster({
    name: 'odo-lab-source-15-long-archive',
    major: 15,
    scale: 0,
    env,
  });
  // barman's own command takes half a second for each.
  const inside = '/tmp/archive';
  await cluster.exec(['mkdir', inside]);
  const archive = `gzip -1 -c %p > ${inside}/%f.part && mv ${inside}/%f.part ${inside}/%f.gz`;
  await cluster.psql('create table steps (id int primary key)');
  await cluster.psql(`alter system set archive_command = '${archive}'; select pg_reload_conf();`);
  const connection = ['-h', '/var/run/postgresql', '-p', String(cluster.port), '-U', 'postgres'];
  const options = ['--endpoint-url', s3.endpoint, '--immediate-checkpoint', ...connection, '-z'];
  await cluster.exec(['barman-cloud-backup', ...options, `s3://${bucket}/pg`, 'main']);
  // Full, unlike those of pg_switch_wal, which replay is through with at their first page.
  await cluster.psql(`
    do $$ begin
      for step in 1..${segments} loop
        perform pg_logical_emit_message(false, 'filler', repeat(md5(step::text), ${segmentBytes / 32 - 8}));
        insert into steps values (step);
        commit;
      end loop;
    end $$`);
  // One after the other, each by a shell of its own.
  await waitUntil(
    'all full segments are archived',
    () => cluster.psql(`select archived_count >= ${segments} or null from pg_stat_archiver`),
    { deadlineMs: 1_800_000, everyMs: 1000 },
  );
  await archiveSegment(cluster);
  const copy = join(partial, 'archive');
  await run('docker', ['cp', `${cluster.container}:${inside}`, copy]);
  // Of 1 MiB, 4096 are in a folder.
  for (const name of await readdir(copy)) {
    const folder = join(copy, name.slice(0, 16));
    await mkdir(folder, { recursive: true });
    await rename(join(copy, name), join(folder, name));
  }
  await uploadDirectory(s3, { bucket, prefix: 'pg/main/wals' }, copy);
  await rm(copy, { recursive: true });
  await writeFile(join(partial, 'expected.json'), `${JSON.stringify({ rows: segments }, null, 2)}\n`);
  await rename(partial, directory);
}
