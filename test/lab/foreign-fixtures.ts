import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageName, type Major } from './images.ts';
import { madeOnce, recorded } from './made-once.ts';
import { run } from './run-command.ts';
import { type S3Server, startS3 } from './s3-server.ts';
import { say } from './say.ts';
import { freePort } from './source-cluster.ts';
import { bitnami, cloudNative, debian, type SourceConfiguration } from './source-configurations.ts';
import { uploadDirectory } from './upload.ts';
import { waitUntil } from './wait-until.ts';

interface Shape {
  readonly major: Major;
  readonly data: string;
  /** Where its configuration lies: the data directory, or a folder outside. */
  readonly conf: string;
  readonly configuration: SourceConfiguration;
}

/** Clusters as other ways of running PostgreSQL have them; a bucket each. */
const shapes = {
  'foreign-cloudnative': {
    major: 17,
    data: '/var/lib/postgresql/data/pgdata',
    conf: '/var/lib/postgresql/data/pgdata',
    configuration: cloudNative,
  },
  'foreign-debian': {
    major: 15,
    data: '/var/lib/postgresql/15/main',
    conf: '/etc/postgresql/15/main',
    configuration: debian(15),
  },
  'foreign-bitnami': {
    major: 18,
    data: '/bitnami/postgresql/data',
    conf: '/opt/bitnami/postgresql/conf',
    configuration: bitnami,
  },
} as const satisfies Record<string, Shape>;

export type ForeignFixtureName = keyof typeof shapes;

export interface ForeignFixture {
  readonly major: Major;
  /** A barman-cloud backup with its WAL. */
  readonly url: string;
  /** A pg_basebackup of the same cluster, with what lies in the data directory alone. */
  readonly baseBackupUrl: string;
  /** For `startS3`. */
  readonly storageDir: string;
}

/** Its configuration files, word for word. */
export const foreignConfiguration = (name: ForeignFixtureName): SourceConfiguration =>
  shapes[name].configuration;

/** Who may log in with a password, and what is to be seen then. */
export const shopkeeper = { user: 'app', password: 'of the shop', database: 'app' };
/** Answered by every restored copy. */
export const shopQuestion = { sql: 'select name from wares order by id', answer: 'apple\nbread\ncandle' };

/** The backups, made the first time. */
export async function foreignFixture(name: ForeignFixtureName): Promise<ForeignFixture> {
  const makers = ['foreign-fixtures.ts', 'source-configurations.ts'];
  const directory = await madeOnce(name, makers, (place) => makeForeign(name, place));
  await recorded(directory);
  return {
    major: shapes[name].major,
    url: `s3://${name}/barman`,
    baseBackupUrl: `s3://${name}/basebackup`,
    storageDir: join(directory, 's3'),
  };
}

async function makeForeign(name: ForeignFixtureName, directory: string): Promise<void> {
  const shape: Shape = shapes[name];
  say(`making fixtures ${name}`);
  const partial = `${directory}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 's3'), { recursive: true });
  await using s3 = await startS3({ storageDir: join(partial, 's3'), buckets: [name] });
  const container = `odo-lab-${name}`;
  const remove = async () => void (await run('docker', ['rm', '-fv', container]).catch(() => {}));
  await remove();
  const env = Object.entries({ ...s3.env, HOME: '/var/lib/postgresql' }).flatMap(([key, value]) => [
    '-e',
    `${key}=${value}`,
  ]);
  const idle = ['--entrypoint', 'sleep', imageName(shape.major), 'infinity'];
  await run('docker', ['run', '-d', '--name', container, '--network', 'host', ...env, ...idle]);
  try {
    await backUp(shape, { container, bucket: name, s3, partial });
  } finally {
    await remove();
  }
  await writeFile(join(partial, 'expected.json'), '{}\n');
  await rename(partial, directory);
}

async function backUp(
  { data, conf, configuration }: Shape,
  { container, bucket, s3, partial }: { container: string; bucket: string; s3: S3Server; partial: string },
): Promise<void> {
  const as = (user: string, script: string, input = '') =>
    run('docker', ['exec', '-i', '-u', user, container, 'sh', '-ec', script], { input });
  const port = await freePort();
  const server = `-h /tmp -p ${port} -U postgres`;
  const psql = (sql: string, database = 'app') =>
    as('postgres', `psql -XAtq -v ON_ERROR_STOP=1 ${server} -d ${database}`, sql);
  await as('root', `install -d -o postgres -g postgres "$(dirname ${data})" ${conf}`);
  await as('postgres', `initdb -D ${data} -A trust -N --locale C.UTF-8`);
  const isOutside = conf !== data;
  if (isOutside) {
    await as('postgres', `mv ${data}/*.conf ${conf}; mv ${conf}/postgresql.auto.conf ${data}`);
  }
  const files = Object.entries({
    config_file: 'postgresql.conf',
    hba_file: 'pg_hba.conf',
    ident_file: 'pg_ident.conf',
  });
  const barman = `--endpoint-url ${s3.endpoint} s3://${bucket}/barman main`;
  const settings = {
    ...(isOutside ? Object.fromEntries(files.map(([setting, file]) => [setting, `${conf}/${file}`])) : {}),
    port,
    listen_addresses: '',
    unix_socket_directories: '/tmp',
    archive_mode: 'on',
    archive_command: `barman-cloud-wal-archive ${barman} %p`,
    fsync: 'off',
  };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${quoted(String(value))}`);
  await as('postgres', `pg_ctl -D ${data} -w -l /tmp/log -o ${quoted(options.join(' '))} start`);
  await psql('create database app', 'postgres');
  await psql(`create role ${shopkeeper.user} login password '${shopkeeper.password}';
    create table wares (id int primary key, name text not null);
    insert into wares values (1, 'apple'), (2, 'bread');
    grant select on wares to ${shopkeeper.user};`);
  // The running server keeps what it has on its command line and never reads these.
  for (const [file, text] of Object.entries(configuration))
    await as('postgres', `cat > ${conf}/${file}`, text);
  await as('postgres', `pg_basebackup ${server} -D /tmp/copy -Ft -z -X stream -c fast`);
  await as('postgres', `barman-cloud-backup --immediate-checkpoint -z ${server} ${barman}`);
  await psql(`insert into wares values (3, 'candle')`);
  const segment = await psql('select pg_walfile_name(pg_current_wal_lsn())');
  await psql('select pg_switch_wal()');
  await waitUntil(
    `${segment} is archived`,
    async () => (await psql(`select last_archived_wal >= '${segment}' from pg_stat_archiver`)) === 't',
    { deadlineMs: 120_000, everyMs: 300 },
  );
  await as('postgres', `pg_ctl -D ${data} -m immediate stop`);
  const outside = join(partial, 'copy');
  await run('docker', ['cp', `${container}:/tmp/copy`, outside]);
  await uploadDirectory(s3, { bucket, prefix: 'basebackup/20260102T030405' }, outside);
  await rm(outside, { recursive: true });
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
