import { formatDuration } from '../../report/units.ts';
import type { Assertion } from '../drill-request.ts';
import { type AssertionAnswer, assertionScript } from './assertion-script.ts';
import { assertionVerdict } from './assertion-verdict.ts';
import { drillBegan } from './drill-began.ts';
import { failed, findingOf } from './outcome.ts';
import type { Proof } from './proof.ts';

/** How much longer odo waits than the server, which ends a query by itself. */
const patienceMs = 10_000;

/** A question of the operator's own, asked read-only. */
export const assertionOf = (assertion: Assertion): Proof => ({
  id: `assertion:${assertion.name}`,
  title: assertion.name,
  async run(proving, signal) {
    const { server, superuser: user, databases, context } = proving;
    const database = assertion.database ?? defaultDatabase(databases);
    const deadline = AbortSignal.timeout(assertion.timeoutMs + patienceMs);
    const tooLate = failed([`There was no answer within ${formatDuration(assertion.timeoutMs)}.`]);
    try {
      const result = await server.runClient('psql', ['-XAtqw', '-v', 'ON_ERROR_STOP=1'], {
        user,
        database,
        stdin: assertionScript(assertion),
        signal: AbortSignal.any([signal, deadline]),
      });
      if (/canceling statement due to statement timeout/.test(result.stderr)) return tooLate;
      if (result.exitCode !== 0) {
        return failed([`The server refused it: ${await findingOf(proving, 'psql', result)}`]);
      }
      const answer = JSON.parse(result.stdout) as AssertionAnswer;
      return assertionVerdict(assertion.expect, answer, drillBegan(context));
    } catch (error) {
      if (signal.aborted || !deadline.aborted) throw error;
      return tooLate;
    }
  },
});

/** The only one that an operator made, or else the one that each server has. */
function defaultDatabase(databases: readonly string[]): string {
  const [only, ...more] = databases.filter((name) => name !== 'postgres');
  return only !== undefined && more.length === 0 ? only : 'postgres';
}
