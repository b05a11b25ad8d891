import { OdoError } from '../errors/odo-error.ts';
import type { ServerProcess } from '../service/server-launcher.ts';
import type { PlannedTablespace } from './restore-plan.ts';
import type { StepContext } from './step.ts';

interface PromotedTablespace {
  readonly oid: string;
  readonly name: string;
  /** A server starts without the directories of its tablespaces, and only queries fail; the size is then null. */
  readonly isThere: boolean;
  /** Null for one that was not planned. */
  readonly location: string | null;
}

/**
 * Every tablespace of the promoted database lies where it was planned and can be read. One that WAL dropped is not
 * asked for any more.
 */
export async function requireTablespaces(
  context: StepContext,
  server: ServerProcess,
  user: string,
): Promise<void> {
  const { tablespaces } = context.plan();
  const planned = `'{${tablespaces.map(({ oid }) => oid).join()}}'::oid[]`;
  // Of one whose link is lost, asking for the location is an error.
  const answer = await server.query(
    `SELECT json_agg(json_build_object('oid', oid::text, 'name', spcname, 'isThere', pg_tablespace_size(oid) IS NOT NULL,
       'location', CASE WHEN oid = ANY (${planned}) THEN pg_tablespace_location(oid) END)) FROM pg_tablespace`,
    { user, database: 'postgres' },
  );
  const found = JSON.parse(answer) as PromotedTablespace[];
  const unplanned: PromotedTablespace[] = [];
  for (const tablespace of found) {
    const place = tablespaces.find(({ oid }) => oid === tablespace.oid);
    if (place === undefined) unplanned.push(tablespace);
    else requireAsPlanned(tablespace, place);
  }
  refuseAbsent(
    context,
    unplanned.filter(({ isThere }) => !isThere),
  );
}

/** The server made its links from the map that odo wrote, and starts also when one leads nowhere. */
function requireAsPlanned({ isThere, location }: PromotedTablespace, planned: PlannedTablespace): void {
  if (location === planned.serverPath && isThere) return;
  const name = planned.name ?? planned.oid;
  throw new OdoError(
    'VERIFICATION_FAILED',
    location === planned.serverPath
      ? `The promoted database cannot read its tablespace ${name} at ${location}.`
      : `The promoted database has the tablespace ${name} at ${location}, not at ${planned.serverPath}.`,
    {
      hint: 'Someone changed its directory, its link in pg_tblspc or what is mounted there while odo worked. Start a new run.',
    },
  );
}

/** A copied plain backup can have lost them: the links always, an empty directory as well. */
function refuseAbsent(context: StepContext, tablespaces: readonly PromotedTablespace[]): void {
  if (tablespaces.length === 0) return;
  const absent = tablespaces.map(({ name, oid }) => `${name} (${oid})`).join(', ');
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
