import { type AddressInfo, createServer } from 'node:net';
import { imageName, type Major } from './images.ts';
import { type Psql, psqlInContainer } from './psql.ts';
import { run } from './run-command.ts';
import { createSampleSql, sampleDatabase } from './sample-data.ts';
import { waitUntil } from './wait-until.ts';

/** A running PostgreSQL of the lab's image with sample data, of which backups are made. */
export interface SourceCluster extends AsyncDisposable {
  readonly container: string;
  readonly port: number;
  readonly psql: Psql;
  /** Runs a program in the container as postgres. */
  exec(command: readonly string[]): Promise<string>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function startSourceCluster(options: {
  name: string;
  major: Major;
  scale: number;
  env: Readonly<Record<string, string>>;
}): Promise<SourceCluster> {
  const { name, major } = options;
  await run('docker', ['rm', '-fv', name]).catch(() => {});
  const port = await freePort();
  const env = { ...options.env, POSTGRES_HOST_AUTH_METHOD: 'trust', POSTGRES_DB: sampleDatabase };
  // archive_mode=on from the start (it needs a restart otherwise), with an archive that keeps nothing until one is set.
  // fsync=off: nothing here must survive the machine.
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    archive_mode: 'on',
    fsync: 'off',
    max_wal_size: '4GB',
    wal_level: 'replica',
  };
  await run('docker', [
    ...['run', '-d', '--name', name, '--network', 'host', '--shm-size', '256m'],
    ...Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
    imageName(major),
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ]);
  const psql = psqlInContainer(name, { port });
  await waitUntil(`${name} accepts connections`, () =>
    // TCP: the temporary server of the first start listens on the socket only.
    run('docker', [
      'exec',
      name,
      'psql',
      '-XAtc',
      'select 1',
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-U',
      'postgres',
      sampleDatabase,
    ]),
  );
  await psql("alter system set archive_command = '/bin/true'; select pg_reload_conf();");
  await psql(createSampleSql(options.scale));
  const remove = async () => void (await run('docker', ['rm', '-fv', name]));
  return {
    container: name,
    port,
    psql,
    exec: (command) => run('docker', ['exec', '-u', 'postgres', name, ...command]),
    [Symbol.asyncDispose]: remove,
  };
}
