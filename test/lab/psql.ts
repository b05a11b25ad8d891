import { run } from './run-command.ts';
import { parseTableFacts, sampleDatabase, type TableFacts, tableFactsSql } from './sample-data.ts';

/** Runs SQL (also psql's own commands) and resolves with psql -At output; throws on the first error. */
export type Psql = (sql: string, database?: string) => Promise<string>;

/** psql inside a container, over the socket, as the superuser. */
export function psqlInContainer(container: string, options: { user?: string; port?: number } = {}): Psql {
  const { user = 'postgres', port = 5432 } = options;
  return (sql, database = sampleDatabase) =>
    run(
      'docker',
      [
        'exec',
        '-i',
        '-u',
        'postgres',
        container,
        'psql',
        '-XAtq',
        '-v',
        'ON_ERROR_STOP=1',
        '-p',
        String(port),
        '-U',
        user,
        '-d',
        database,
      ],
      { input: sql },
    );
}

/** What every table of the sample database holds now; compare with a fixture's expectation by toEqual. */
export async function readTableFacts(psql: Psql): Promise<Record<string, TableFacts>> {
  return parseTableFacts(await psql(tableFactsSql));
}
