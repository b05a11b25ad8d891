import type { Assertion } from '../drill-request.ts';

/** What the script below prints. */
export interface AssertionAnswer {
  /** Read so far; not more than the expectation needs. */
  readonly rows: number;
  /** First column of the first row as the server writes it, of a truth value `true` or `false`; null also without a row. */
  readonly value: string | null;
  /** Of `max-age`: the value as a time. @unit microseconds since 1970 */
  readonly micros: string | null;
}

/**
 * For psql's input. The operator's SQL is only a string in it, which the server takes for one query with a result: several
 * statements, or one that would change something, it refuses. Rows are counted where they are, and no more is read than
 * must be. A time without a zone is read in the server's `TimeZone`.
 */
export function assertionScript({ sql, expect, timeoutMs }: Assertion): string {
  const more = rowsNeeded(expect) - 1;
  return `
\\set VERBOSITY terse
SET lc_messages = 'C'; SET datestyle = 'ISO'; SET standard_conforming_strings = on; SET client_min_messages = error;
SET statement_timeout = ${timeoutMs};
BEGIN READ ONLY;
SET LOCAL odo.sql = ${quoted(sql)};
DO $odo$
DECLARE asked refcursor; value text; rows bigint := 0; more bigint := 0; micros bigint;
BEGIN
  OPEN asked FOR EXECUTE current_setting('odo.sql');
  FETCH asked INTO value;
  IF FOUND THEN
    ${more > 0 ? `MOVE FORWARD ${more} IN asked; GET DIAGNOSTICS more = ROW_COUNT;` : ''}
    rows := 1 + more;
  END IF;
  ${expect.kind === 'max-age' ? 'micros := extract(epoch FROM value::timestamptz) * 1000000;' : ''}
  PERFORM set_config('odo.answer', json_build_object('rows', rows, 'value', left(value, 1000),
    'micros', micros::text)::text, true);
END $odo$;
SELECT current_setting('odo.answer');
ROLLBACK;
`;
}

/** A second row says that there is not the one that was expected. */
function rowsNeeded(expect: Assertion['expect']): number {
  return expect.kind === 'min-rows' ? Math.max(1, expect.rows) : expect.kind === 'value' ? 2 : 1;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
