import { adviceOf, diagnose } from '../postgres/log-diagnosis.ts';

/** What the log of a service's server says about its failure, as parts of an error. `place`: where to read it. */
export function reportOf(
  serverLog: readonly string[],
  place = 'its log',
): {
  /** The reason in the server's words; null when the log shows none. */
  readonly says: string | null;
  readonly hint: string;
  readonly details: Record<string, unknown>;
} {
  // It was stopped or killed before, and starts with its own settings: what they ask for is not what odo asked for.
  const diagnosis = diagnose(serverLog, ['restarted']);
  return {
    says: diagnosis.says,
    hint: adviceOf(diagnosis) ?? `Read ${place}, mend the cause and resume the run.`,
    details: { diagnosis, serverLog },
  };
}
