import { mostDetails } from '../../report/proof-item.ts';
import { failed, findingOf, passed, skipped } from './outcome.ts';
import type { Proof } from './proof.ts';

/**
 * Reads every row of every table, large objects too, where the server runs; nothing of it comes to odo. Plain text, since a
 * compressed form would only cost time.
 */
export const dumpOf = (database: string, isAskedFor: boolean): Proof => ({
  id: `dump:${database}`,
  title: `Every row of ${database} can be read`,
  async run(proving, signal) {
    if (!isAskedFor) return skipped('not asked for (--dump)');
    const { server, superuser } = proving;
    const args = ['--format=plain', '--file=/dev/null', '--no-password'];
    const result = await server.runClient('pg_dump', args, { user: superuser, database, signal });
    if (result.exitCode === 127) return skipped('the installation of the server has no pg_dump');
    if (result.exitCode !== 0) {
      const lines = result.stderr.split('\n').filter((line) => line.trim() !== '');
      return {
        ...failed([await findingOf(proving, 'pg_dump', result)]),
        details: lines.slice(0, mostDetails),
      };
    }
    return passed('pg_dump read everything to its end.', result.stderr.split('\n').filter(Boolean));
  },
});
