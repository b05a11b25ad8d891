import type { ToolResult } from '../../service/ask-server.ts';
import type { AmcheckExtent } from '../drill-request.ts';
import { amcheckIn, bringUpToDate } from './amcheck-extension.ts';
import { checkByFunctions } from './amcheck-functions.ts';
import { parseAmcheckOutput } from './amcheck-output.ts';
import { failed, findingOf, findingOfQuery, isSome, passed, skipped } from './outcome.ts';
import type { Proof, Proving } from './proof.ts';

interface Check {
  readonly database: string;
  readonly everyRow: boolean;
  readonly signal: AbortSignal;
}

/** The checks of PostgreSQL's own on tables and indexes; it puts the extension amcheck into the temporary database. */
export const amcheckOf = (database: string, extent: AmcheckExtent): Proof => ({
  id: `amcheck:${database}`,
  title: `Tables and indexes of ${database} are sound`,
  async run(proving, signal) {
    if (extent === 'off') return skipped('not asked for (--amcheck off)');
    const extension = await amcheckIn(proving, database).catch((error) => findingOfQuery(proving, error));
    if (typeof extension === 'string') return failed([extension]);
    if (extension.available === null) {
      return skipped('the installation of the server does not have the extension amcheck');
    }
    await bringUpToDate(proving, database, extension);
    const check = { database, everyRow: extent === 'heapallindexed', signal };
    const findings = (await checkByProgram(proving, check)) ?? (await checkByFunctions(proving, check));
    if (isSome(findings)) return failed(findings);
    const { tables, indexes, otherIndexes } = extension;
    const rows = check.everyRow ? '; every row is in its indexes' : '';
    const others =
      otherIndexes === 0 ? [] : [`${otherIndexes} indexes of other kinds than btree are not looked into`];
    return passed(`${tables} tables and ${indexes} indexes are sound${rows}.`, others);
  },
});

/** Null: the installation has no pg_amcheck. */
async function checkByProgram(proving: Proving, check: Check): Promise<string[] | null> {
  const { server, superuser: user, context } = proving;
  const { database, everyRow, signal } = check;
  const args = [
    '--install-missing',
    '--no-password',
    // The first bad page of a table says enough, and a ruined one would print millions of lines.
    '--on-error-stop',
    // A fifth longer, and nobody waits for its locks here.
    '--parent-check',
    ...(everyRow ? ['--heapallindexed'] : []),
    `--jobs=${context.ports.cores()}`,
    // A pattern, of which quotes leave nothing but the name; the name alone it would take for a connection string when it can.
    `--database="${database.replaceAll('"', '""')}"`,
  ];
  const result = await server.runClient('pg_amcheck', args, { user, database, signal });
  return result.exitCode === 127 ? null : findingsOf(proving, result);
}

/** Exit code 2: something was found; 1: it could not go on, maybe for the very damage that it was to find. */
async function findingsOf(proving: Proving, result: ToolResult): Promise<string[]> {
  if (result.exitCode === 0) return [];
  const findings = parseAmcheckOutput(result.stdout);
  return findings.length > 0 ? findings : [await findingOf(proving, 'pg_amcheck', result)];
}
