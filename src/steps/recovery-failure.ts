import { OdoError } from '../errors/odo-error.ts';
import { adviceOf, type Circumstance, diagnose } from '../postgres/log-diagnosis.ts';

/** Of odo's own servers: where they stop is what they were told, and a later one goes on where another was stopped. */
const ofOwnServers: readonly Circumstance[] = ['asked', 'restarted'];

/** The server ended although it should not have: its own words, what they mean, and the last lines of its log. */
export function recoveryFailed(what: string, log: { readonly tail: readonly string[] }): OdoError {
  const diagnosis = diagnose(log.tail, ofOwnServers);
  return new OdoError('RECOVERY_FAILED', `${what}${diagnosis.says === null ? '' : `: ${diagnosis.says}`}.`, {
    hint:
      adviceOf(diagnosis) ??
      'Mend the cause that the last lines of the server log show, then resume the run.',
    details: { diagnosis, serverLog: [...log.tail] },
  });
}
