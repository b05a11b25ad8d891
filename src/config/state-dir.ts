import { isAbsolute, join } from 'node:path';

/**
 * Where odo keeps its journal: `$XDG_STATE_HOME/odo`, or `~/.local/state/odo`. The XDG specification says that
 * a relative XDG_STATE_HOME is invalid and must be ignored. Whoever opens the journal for writing creates it, 0700.
 */
export function stateDirectory(
  env: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): string {
  const state = env.XDG_STATE_HOME;
  return join(state !== undefined && isAbsolute(state) ? state : join(homeDirectory, '.local/state'), 'odo');
}

export const defaultJournalFile = (
  env: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): string => join(stateDirectory(env, homeDirectory), 'journal.sqlite');
