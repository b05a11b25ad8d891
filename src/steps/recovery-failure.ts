import { OdoError } from '../errors/odo-error.ts';
import { adviceOf, type Circumstance, diagnose, type LogDiagnosis } from '../postgres/log-diagnosis.ts';
import type { SymptomId } from '../postgres/log-symptoms.ts';
import { surroundingSymptoms } from '../postgres/symptoms/surroundings.ts';

/** Of odo's own servers: where they stop is what they were told, and a later one goes on where another was stopped. */
const ofOwnServers: readonly Circumstance[] = ['asked', 'restarted'];

/**
 * The server ended although it should not have: its own words, what they mean, and the last lines of its log.
 * RECOVERY_FAILED speaks against the backup (in a drill it is what was looked for); what the host did to the server is
 * STEP_FAILED.
 */
export function recoveryFailed(what: string, log: { readonly tail: readonly string[] }): OdoError {
  const diagnosis = diagnose(log.tail, ofOwnServers);
  const code = liesInSurroundings(diagnosis, log.tail) ? 'STEP_FAILED' : 'RECOVERY_FAILED';
  return new OdoError(code, `${what}${diagnosis.says === null ? '' : `: ${diagnosis.says}`}.`, {
    hint:
      adviceOf(diagnosis) ??
      'Mend the cause that the last lines of the server log show, then resume the run.',
    details: { diagnosis, serverLog: [...log.tail] },
  });
}

const symptomsOfSurroundings: readonly string[] = [
  ...surroundingSymptoms.map(({ id }) => id),
  ...(['restore-command-failed', 'wal-not-brought'] satisfies SymptomId[]),
];

/** strerror(3) of what a host runs out of, or takes away. */
const hostTrouble =
  /No space left on device|Disk quota exceeded|Cannot allocate memory|out of memory|Input\/output error|Read-only file system|Too many open files|Stale file handle/;

/** Of its own accord, as bad data make it; SIGKILL comes from outside. */
const crash = /was terminated by (?:signal (?!9\b)|exception )/;

function liesInSurroundings({ says, symptom }: LogDiagnosis, tail: readonly string[]): boolean {
  // Whoever kills a server, or the engine that it runs in, leaves no last words.
  if (says === null) return !tail.some((line) => crash.test(line));
  return hostTrouble.test(says) || (symptom !== null && symptomsOfSurroundings.includes(symptom));
}
