import type { Proving } from './proof.ts';

interface Extension {
  /** Null: its installation does not have it. */
  readonly available: string | null;
  /** Null: it is not in this database. */
  readonly installed: string | null;
  readonly tables: number;
  readonly indexes: number;
  /** Of other kinds than btree, which amcheck does not look into. */
  readonly otherIndexes: number;
}

const question = `SELECT json_build_object(
  'available', (SELECT default_version FROM pg_available_extensions WHERE name = 'amcheck'),
  'installed', (SELECT extversion FROM pg_extension WHERE extname = 'amcheck'),
  'tables', count(*) FILTER (WHERE relkind <> 'i'),
  'indexes', count(*) FILTER (WHERE relkind = 'i' AND amname = 'btree'),
  'otherIndexes', count(*) FILTER (WHERE relkind = 'i' AND amname <> 'btree'))
  FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE relkind IN ('r', 'm', 't', 'i') AND relpersistence <> 't'`;

export async function amcheckIn(
  { server, superuser }: Pick<Proving, 'server' | 'superuser'>,
  database: string,
): Promise<Extension> {
  return JSON.parse(await server.query(question, { user: superuser, database })) as Extension;
}

/** A server that was upgraded can have the functions of an older one, without those that pg_amcheck calls. */
export async function bringUpToDate(
  { server, superuser }: Proving,
  database: string,
  { available, installed }: Extension,
): Promise<void> {
  if (installed === null || installed === available) return;
  await server.query('ALTER EXTENSION amcheck UPDATE', { user: superuser, database });
}
