import { OdoError } from '../errors/odo-error.ts';
import type { ServerProcess } from '../service/server-launcher.ts';
import type { StepContext } from './step.ts';

/**
 * A server starts without the directories of its tablespaces, and only queries fail. The size of one that is not there
 * is null. A copied plain backup can have lost them: the links always, an empty directory as well.
 */
export async function refuseAbsentTablespaces(
  context: StepContext,
  server: ServerProcess,
  user: string,
): Promise<void> {
  const answer = await server.query(
    `SELECT string_agg(format('%s (%s)', spcname, oid), ', ') FROM pg_tablespace WHERE pg_tablespace_size(oid) IS NULL`,
    { user, database: 'postgres' },
  );
  const absent = answer.trim();
  if (absent === '') return;
  const { trees, manifestKey } = context.plan().contents;
  if (trees !== undefined && manifestKey !== null) {
    context.notice(
      'warning',
      `The backup has no file of these tablespaces, and its manifest lists none: ${absent}. They were empty; drop them, or make their directories, before something is created in them.`,
    );
    return;
  }
  throw new OdoError(
    'VERIFICATION_FAILED',
    `The database has tablespaces that the backup did not hold: ${absent}. What lies in them is missing.`,
    {
      hint: 'Copy the directory of each into pg_tblspc/<OID>/ of the backup and start a new run, or choose another backup with --backup.',
    },
  );
}
