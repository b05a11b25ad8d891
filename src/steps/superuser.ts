import { OdoError } from '../errors/odo-error.ts';
import type { ServerProcess } from '../service/server-launcher.ts';
import { isRetryable } from '../storage/retryable.ts';
import { localeRefusal } from './promoted-collations.ts';
import type { RestorePlan } from './restore-plan.ts';

/** The bootstrap superuser is often, but not always, `postgres`. @throws VERIFICATION_FAILED */
export async function findSuperuser(server: ServerProcess, plan: RestorePlan): Promise<string> {
  const candidates = [...new Set([plan.superuser, 'postgres'].filter((name) => name !== null))];
  let last: unknown;
  for (const user of candidates) {
    try {
      await server.query('SELECT 1', { user, database: 'postgres' });
      return user;
    } catch (error) {
      const refusal = localeRefusal(error);
      if (refusal !== null) throw refusal;
      // The engine could not be asked: that says nothing about the database.
      if (isRetryable(error)) throw error;
      last = error;
    }
  }
  throw new OdoError(
    'VERIFICATION_FAILED',
    `The recovered database knows none of the superusers ${candidates.join(', ')}.`,
    {
      hint: 'Name the superuser in the service’s environment (POSTGRES_USER), then resume the run.',
      cause: last,
    },
  );
}
