import { OdoError } from '../errors/odo-error.ts';
import { toErrorData } from '../errors/serialize.ts';
import type { ServerProcess } from '../service/server-launcher.ts';
import type { StepContext } from './step.ts';

/** A collation, or a database's own, whose order was another one when its indexes were built. */
interface Mismatch {
  readonly name: string;
  /** Null: none was recorded (musl, or a locale without versions). */
  readonly recorded: string | null;
  readonly actual: string | null;
}

interface Database extends Mismatch {
  readonly locale: string;
}

/** The version of a database's own collation is recorded since PostgreSQL 15. */
const databasesSql = (major: number): string => `
  SELECT coalesce(json_agg(json_build_object('name', datname, 'locale', datcollate,
    'recorded', ${major >= 15 ? 'datcollversion' : 'NULL'},
    'actual', ${major >= 15 ? 'pg_database_collation_actual_version(oid)' : 'NULL'}) ORDER BY datname), '[]')
  FROM pg_database WHERE datallowconn`;

/**
 * Collations that a column or an index of the database uses. Before 15 its own one is looked for among them by name: the
 * version there is that of initdb, which is the best that is known.
 */
const collationsSql = (major: number): string => `
  SELECT coalesce(json_agg(json_build_object('name', name, 'recorded', recorded, 'actual', actual) ORDER BY name), '[]')
  FROM (SELECT c.collname AS name, c.collversion AS recorded, pg_collation_actual_version(c.oid) AS actual
    FROM pg_collation c
    WHERE c.collversion IS NOT NULL AND (
      c.oid IN (SELECT attcollation FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
        UNION SELECT unnest(indcollation) FROM pg_index)
      ${major >= 15 ? '' : ofDatabaseSql})) found
  WHERE recorded IS DISTINCT FROM actual`;

/** `en_US.UTF-8` and `en_US.utf8` are the same. */
const ofDatabaseSql = `OR (c.collprovider = 'c' AND EXISTS (SELECT FROM pg_database d
  WHERE d.datname = current_database()
    AND lower(replace(d.datcollate, '-', '')) = lower(replace(c.collcollate, '-', ''))))`;

const incompatibleLocale = /database locale is incompatible with operating system/;

/** A database some of whose text sorts otherwise; `description` says what it is about and what to do. */
export interface ChangedDatabase {
  readonly name: string;
  readonly description: string;
}

/**
 * Whether the server sorts text as the source's did. Another order makes indexes on text miss rows, without any error;
 * so each difference is a warning that says what to do. Returns the names of the databases that differ.
 */
export async function compareCollations(
  context: StepContext,
  server: Pick<ServerProcess, 'query'>,
  user: string,
): Promise<string[]> {
  const changed = await findChangedCollations(context, server, user);
  for (const { description } of changed) context.notice('warning', description);
  return changed.map(({ name }) => name);
}

/** A database whose locale the server does not have takes no connection at all, which is an error. @throws VERIFICATION_FAILED */
export async function findChangedCollations(
  context: Pick<StepContext, 'plan' | 'signal'>,
  server: Pick<ServerProcess, 'query'>,
  user: string,
): Promise<ChangedDatabase[]> {
  const { serverMajor } = context.plan();
  const ask = async <Row>(sql: string, database: string): Promise<Row[]> =>
    JSON.parse(await server.query(sql, { user, database })) as Row[];
  const databases = await ask<Database>(databasesSql(serverMajor), 'postgres');
  const closed: Database[] = [];
  const changed: ChangedDatabase[] = [];
  for (const database of databases) {
    context.signal.throwIfAborted();
    let collations: Mismatch[];
    try {
      collations = await ask<Mismatch>(collationsSql(serverMajor), database.name);
    } catch (error) {
      if (!incompatibleLocale.test(toErrorData(error).message)) throw error;
      closed.push(database);
      continue;
    }
    const ownDiffers = database.recorded !== database.actual;
    if (!ownDiffers && collations.length === 0) continue;
    changed.push({
      name: database.name,
      description: describe(database, ownDiffers, collations, serverMajor),
    });
  }
  if (closed.length > 0) throw localeMissing(closed);
  return changed;
}

const versionText = (version: string | null): string => version ?? 'none';

function describe(
  { name, recorded, actual }: Database,
  ownDiffers: boolean,
  collations: readonly Mismatch[],
  major: number,
): string {
  const what = [
    ...(ownDiffers ? [`its own from version ${versionText(recorded)} to ${versionText(actual)}`] : []),
    ...collations.map((one) => `${one.name} from ${versionText(one.recorded)} to ${versionText(one.actual)}`),
  ];
  const refresh = [
    ...(ownDiffers && major >= 15 ? [`ALTER DATABASE ${quoted(name)} REFRESH COLLATION VERSION`] : []),
    ...collations.map((one) => `ALTER COLLATION ${quoted(one.name)} REFRESH VERSION`),
  ];
  return `Collations of the database ${name} have changed (${what.join(', ')}): text may sort in another order here, and indexes on text then miss rows. In this database: REINDEX DATABASE ${quoted(name)}, check unique and range constraints on text, then ${refresh.join('; ')}.`;
}

const quoted = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

function localeMissing(databases: readonly Pick<Database, 'name' | 'locale'>[]): OdoError {
  const names = databases.map(({ name }) => name).join(', ');
  const locales = [...new Set(databases.map(({ locale }) => locale))].join(', ');
  return new OdoError(
    'VERIFICATION_FAILED',
    `The server does not have the locale ${locales}, so it takes no connection to ${databases.length === 1 ? 'the database' : 'the databases'} ${names}.`,
    { hint: localeHint, details: { databases: databases.map(({ name }) => name), locales } },
  );
}

const localeHint =
  'Give the image the locale (Debian: localedef -i de_DE -f UTF-8 de_DE.UTF-8 for de_DE.UTF-8; or install locales-all) under the same name, or this host its locale, then resume the run.';

/** When not even the database `postgres` can be asked for that reason; null for another error. */
export function localeRefusal(error: unknown): OdoError | null {
  const message = toErrorData(error).message;
  if (!incompatibleLocale.test(message)) return null;
  const [, locale = 'of the database'] = /with LC_(?:COLLATE|CTYPE) "([^"]*)"/.exec(message) ?? [];
  return localeMissing([{ name: 'postgres', locale }]);
}
