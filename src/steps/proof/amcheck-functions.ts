import { findingOf } from './outcome.ts';
import type { Proving } from './proof.ts';

/**
 * pg_amcheck came with PostgreSQL 14, and not every installation has it. What it does, by hand: verify_heapam, which came
 * with it, and the check of each index that is in use; one error never ends the rest.
 */
const script = (everyRow: boolean): string => `
SET lc_messages = 'C'; SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS amcheck;
DO $odo$
DECLARE one record; problem record; hasHeapCheck boolean;
BEGIN
  PERFORM set_config('search_path', (SELECT 'pg_catalog, ' || quote_ident(nspname) FROM pg_extension e
    JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'amcheck'), false);
  hasHeapCheck := EXISTS (SELECT FROM pg_proc WHERE proname = 'verify_heapam');
  FOR one IN
    SELECT c.oid, c.relkind, concat_ws('.', current_database(), n.nspname, c.relname) AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
      LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relpersistence <> 't' AND (hasHeapCheck AND a.amname = 'heap' AND c.relkind IN ('r', 'm', 't')
      OR a.amname = 'btree' AND c.relkind = 'i' AND i.indisready AND i.indisvalid)
    ORDER BY c.relpages DESC
  LOOP
    BEGIN
      IF one.relkind = 'i' THEN
        PERFORM bt_index_parent_check(one.oid, ${everyRow});
      ELSE
        FOR problem IN SELECT * FROM verify_heapam(one.oid, on_error_stop => true, check_toast => true) LOOP
          RAISE WARNING 'odo: heap table %, block %, offset %: %', one.name, problem.blkno, problem.offnum, problem.msg;
        END LOOP;
      END IF;
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'odo: % %: %', CASE one.relkind WHEN 'i' THEN 'btree index' ELSE 'heap table' END, one.name, SQLERRM;
    END;
  END LOOP;
END $odo$;
`;

export async function checkByFunctions(
  proving: Proving,
  { database, everyRow, signal }: { database: string; everyRow: boolean; signal: AbortSignal },
): Promise<string[]> {
  const { server, superuser } = proving;
  const args = ['-XAtqw', '-v', 'ON_ERROR_STOP=1'];
  const options = { user: superuser, database, stdin: script(everyRow), signal };
  const result = await server.runClient('psql', args, options);
  const findings = [...result.stderr.matchAll(/WARNING: {2}odo: (.*)/g)].map(([, text = '']) => text);
  if (result.exitCode !== 0 && findings.length === 0) return [await findingOf(proving, 'psql', result)];
  return findings;
}
