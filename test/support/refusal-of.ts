import type { OdoResult } from './odo-program.ts';

export interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The first thing for which a program with `--json` did nothing. */
export function refusalOf({ events, stdout, stderr }: OdoResult): ToldError {
  const told = events.find(({ type }) => type === 'refused' || type === 'error');
  if (told === undefined) throw new Error(`odo refused nothing:\n${stdout}\n${stderr}`);
  return told['error'] as ToldError;
}
