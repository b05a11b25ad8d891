import { OdoError } from '../errors/odo-error.ts';
import { symptomsIn } from '../postgres/log-symptoms.ts';
import type { ObservedLog } from './recovery-server.ts';

/** The server ended although it should not have: its own words, and what they mean. */
export function recoveryFailed(what: string, log: Pick<ObservedLog, 'tail'>): OdoError {
  const explained = symptomsIn(log.tail)[0] ?? null;
  const fatal = log.tail.findLast((line) => /\b(FATAL|PANIC):/.test(line));
  return new OdoError(
    'RECOVERY_FAILED',
    `${what}${explained === null ? '' : `: ${explained.cause}`}${fatal === undefined ? '.' : ` (${fatal.trim()}).`}`,
    {
      hint:
        explained?.advice ??
        'Mend the cause that the last lines of the server log show, then resume the run.',
      details: { serverLog: log.tail },
    },
  );
}
