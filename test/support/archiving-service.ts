import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageLayout, imageName, type Major } from '../lab/images.ts';
import { type Psql, psqlInContainer } from '../lab/psql.ts';
import { run } from '../lab/run-command.ts';
import type { S3Server } from '../lab/s3-server.ts';
import { freePort } from '../lab/source-cluster.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** A running Compose service of PostgreSQL that archives its WAL with the command of docs/backing-up.md. */
export interface ArchivingService extends AsyncDisposable {
  readonly file: string;
  readonly container: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Of the superuser. */
  readonly password: string;
  readonly psql: Psql;
  /** Until everything that was written so far is archived. */
  untilArchived(): Promise<void>;
}

/** The command of the page, for this store; the WAL goes to `s3://backups/main-wal`. */
async function archiveCommand(endpoint: string): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '../../docs/backing-up.md'), 'utf8');
  const command = /^archive_command = '(barman-cloud-wal-archive [^']*)'$/m.exec(page)?.[1];
  if (command === undefined) throw new Error('docs/backing-up.md has no archive_command');
  return command.replace('https://s3.example.com', endpoint);
}

export async function startArchivingService(
  s3: S3Server,
  { directory, name, major = 15 }: { directory: string; name: string; major?: Major },
): Promise<ArchivingService> {
  const port = await freePort();
  const password = 'secret-of-the-service';
  const file = join(directory, name, 'compose.yaml');
  const { volume, pgdata } = imageLayout(major);
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    archive_mode: 'on',
  };
  const service = {
    image: imageName(major),
    // The test's store listens on this machine's own address.
    network_mode: 'host',
    environment: { ...s3.env, PGDATA: pgdata, POSTGRES_PASSWORD: password },
    command: Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    volumes: [`pgdata:${volume}`],
  };
  await mkdir(join(directory, name), { recursive: true });
  await writeFile(file, JSON.stringify({ services: { db: service }, volumes: { pgdata: null } }, null, 2));
  const compose = (...args: string[]) => run('docker', ['compose', '-p', name, '-f', file, ...args]);
  await compose('down', '-v');
  await compose('up', '-d');
  const container = `${name}-db-1`;
  const inDatabase = psqlInContainer(container, { port });
  const psql: Psql = (sql, database = 'postgres') => inDatabase(sql, database);
  await waitUntil(`${container} accepts connections`, async () => {
    await run('docker', ['exec', container, 'pg_isready', '-q', '-h', '127.0.0.1', '-p', String(port)]);
    return true;
  });
  await psql(`alter system set archive_command = '${await archiveCommand(s3.endpoint)}'`);
  await psql('select pg_reload_conf()');
  return {
    file,
    container,
    port,
    password,
    psql,
    async untilArchived() {
      const last = await psql('select pg_walfile_name(pg_switch_wal())');
      await waitUntil(
        `${last} is archived`,
        async () =>
          (await psql(
            `select last_archived_wal >= '${last}' from pg_stat_archiver where failed_count >= 0`,
          )) === 't',
      );
    },
    [Symbol.asyncDispose]: async () => {
      await compose('down', '-v', '-t', '2').catch(() => {});
    },
  };
}
