import { type Psql, psqlInContainer } from './psql.ts';
import { freePort, type SourceCluster } from './source-cluster.ts';
import { waitUntil } from './wait-until.ts';

/** A second server in the container of a source cluster: a standby of it, or a restored copy. */
export interface SideServer {
  readonly psql: Psql;
  readonly dataDirectory: string;
  /** Ends it cleanly; with archiving on, it archives what it has first. */
  stop(): Promise<void>;
}

/** Starts a server on a directory in the container; `settings` go into its `postgresql.auto.conf`, where they win. */
export async function startSideServer(
  cluster: SourceCluster,
  dataDirectory: string,
  settings: Readonly<Record<string, string>>,
): Promise<SideServer> {
  const port = await freePort();
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
  );
  const file = `${dataDirectory}/postgresql.auto.conf`;
  // printf's arguments, so that a % in a command stays what it is.
  await cluster.exec(['sh', '-ec', `file=$1; shift; printf %s "$@" >>"$file"`, 'sh', file, ...lines]);
  const options = `-c port=${port} -c listen_addresses='' -c archive_mode=on -c fsync=off -c max_wal_size=4GB`;
  await cluster.exec([
    ...['pg_ctl', '-D', dataDirectory, '-w', '-l', `${dataDirectory}.log`, '-o', options, 'start'],
  ]);
  return {
    psql: psqlInContainer(cluster.container, { port }),
    dataDirectory,
    stop: async () => void (await cluster.exec(['pg_ctl', '-D', dataDirectory, '-w', '-m', 'fast', 'stop'])),
  };
}

export async function untilPromoted({ psql }: SideServer): Promise<void> {
  await waitUntil(
    'the side server is promoted',
    async () => (await psql('select pg_is_in_recovery()')) === 'f',
  );
}
