/** In `ps` and in every process title of the server, so that a leftover of this run is known for what it is. */
export const clusterNameOf = (runId: string): string => `odo-${runId}`;

export const socketPort = 5432;

/**
 * What every server of a launcher needs, whatever the configuration file or postgresql.auto.conf says: its log on
 * stderr, no network unless it is launched to listen, its socket where only the owner gets at it. Last on the command line, so that it holds.
 */
export function launcherArguments(options: {
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly runId: string;
  readonly args: readonly string[];
  /** Null: nowhere but on its socket. */
  readonly listen?: { readonly address: string; readonly port: number } | null;
}): string[] {
  const settings = {
    listen_addresses: options.listen?.address ?? '',
    // A list of directories; quoted, as a comma could be part of the name (varlena.c, SplitDirectoriesString).
    unix_socket_directories: `"${options.socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    port: String(options.listen?.port ?? socketPort),
    cluster_name: clusterNameOf(options.runId),
    logging_collector: 'off',
    log_destination: 'stderr',
  };
  const own = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', options.dataDirectory, ...options.args, ...own];
}

/** Whom to be, where; the name of a server's socket has its port in it. */
export interface Login {
  readonly user: string;
  readonly database: string;
  readonly port?: number | null;
}

export function psqlArguments(socketDirectory: string, options: Login): string[] {
  return ['-XAtqw', '-v', 'ON_ERROR_STOP=1', ...connectionOptions(socketDirectory, options)];
}

export function connectionOptions(socketDirectory: string, { user, database, port }: Login): string[] {
  return ['-h', socketDirectory, '-p', String(port ?? socketPort), '-U', user, '-d', databaseWord(database)];
}

/** libpq takes a name with an equals sign, or one that begins as a URI, for a connection string. */
function databaseWord(name: string): string {
  if (!/=|^postgres(?:ql)?:\/\//.test(name)) return name;
  return `dbname='${name.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`;
}

/** What was set for a database or a role must not end a long check, or forbid an extension; messages are in English. */
const clientSettings = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  default_transaction_read_only: 'off',
  lc_messages: 'C',
};

/** The same for any program of PostgreSQL. A name is never taken for a connection string here, as it would be on a command line. */
export function connectionEnvironment(
  socketDirectory: string,
  { user, database, port }: Login,
): Record<string, string> {
  return {
    PGHOST: socketDirectory,
    PGPORT: String(port ?? socketPort),
    PGUSER: user,
    PGDATABASE: database,
    PGCLIENTENCODING: 'UTF8',
    PGCONNECT_TIMEOUT: '30',
    PGOPTIONS: Object.entries(clientSettings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    LC_ALL: 'C',
  };
}

/** For a person to copy; words that a shell would take apart are quoted. */
export const shellCommand = (words: readonly string[]): string =>
  words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
