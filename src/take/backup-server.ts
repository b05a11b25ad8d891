import type { ProgramStream } from '../docker/exec-stream.ts';
import type { ToolResult } from '../service/ask-server.ts';

/** The server that a backup is taken of, as one user of it. */
export interface BackupServer {
  /** `Compose service db` */
  readonly description: string;
  /** One line of psql's unaligned output a statement; `replication` asks a walsender, as pg_basebackup does. */
  ask(
    statements: readonly string[],
    how: { readonly replication: boolean },
    signal: AbortSignal,
  ): Promise<ToolResult>;
  /** Starts pg_basebackup where the server runs; nothing is written there. */
  baseBackup(args: readonly string[], signal: AbortSignal): Promise<ProgramStream>;
}

/** Options of psql that leave nothing but answers. `-w`: nobody is there to type a password. */
export const psqlArguments = (statements: readonly string[]): string[] => [
  ...['-XAtqw', '-v', 'ON_ERROR_STOP=1'],
  ...statements.flatMap((statement) => ['-c', statement]),
];

/** libpq's, for both programs: a password never stands in an argument. */
export const connectionEnvironment = (): Record<string, string> => {
  const { PGPASSWORD } = process.env;
  return {
    LC_ALL: 'C',
    PGCONNECT_TIMEOUT: '10',
    ...(PGPASSWORD === undefined ? {} : { PGPASSWORD }),
  };
};
