import { join } from 'node:path';
import { errorCode } from '../errors/odo-error.ts';
import { withWord } from '../postgres/conninfo.ts';
import { hostUser } from '../service/local-binaries.ts';
import { streamProgram } from '../service/program-stream.ts';
import { runAs } from '../service/run-as.ts';
import { type BackupServer, connectionEnvironment, psqlArguments } from './backup-server.ts';
import type { ServerSpec } from './take-request.ts';

/** A server that this host's programs reach: its own, or the one that a connection string names. */
export async function localServer({
  binDir,
  conninfo,
}: Extract<ServerSpec, { kind: 'local' }>): Promise<BackupServer> {
  // The server of this host knows users by who they are there (peer), and root is none of its users.
  const isRoot = process.getuid?.() === 0;
  const isNamed = conninfo !== null || process.env['PGUSER'] !== undefined;
  const user = isRoot && !isNamed ? await hostUser('postgres') : null;
  const environment = { ...libpqEnvironment(), ...(user === null ? {} : { HOME: user.home }) };
  const program = (name: string): string => (binDir === null ? name : join(binDir, name));
  const words = conninfo ?? '';
  return {
    description: conninfo === null ? 'the PostgreSQL server of this host' : `the server of ${conninfo}`,
    ask: (statements, { replication }, signal) =>
      runAs(
        program('psql'),
        [
          ...[
            '-d',
            replication ? withWord(words, 'replication', 'true') : withWord(words, 'dbname', 'postgres'),
          ],
          ...psqlArguments(statements),
        ],
        { owner: user, signal, environment },
      ).catch((error: unknown) => {
        if (errorCode(error) !== 'STEP_FAILED') throw error;
        return { exitCode: 127, stdout: '', stderr: `${program('psql')} could not be run here` };
      }),
    baseBackup: (args, signal) =>
      streamProgram(program('pg_basebackup'), [...(conninfo === null ? [] : ['-d', conninfo]), ...args], {
        owner: user,
        signal,
        environment,
      }),
  };
}

/** PGHOST, PGPORT, PGPASSFILE and their like count here, unlike for a server that odo starts. */
function libpqEnvironment(): Record<string, string> {
  const given = Object.entries(process.env).flatMap(([name, value]) =>
    (/^PG[A-Z]+$/.test(name) || name === 'HOME') && value !== undefined ? [[name, value] as const] : [],
  );
  return { ...Object.fromEntries(given), ...connectionEnvironment() };
}
