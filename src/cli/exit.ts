import { errorKinds } from '../errors/codes.ts';
import { isAbort, OdoError } from '../errors/odo-error.ts';
import { toErrorData } from '../errors/serialize.ts';
import type { Host } from './host.ts';
import { errorText } from './render/error-text.ts';
import { writeJsonLine } from './render/json-lines.ts';

export interface ErrorReport {
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Every variable that is set and not empty, `0` or `false`. */
export const wantsDebug = ({ env }: Host): boolean => !['', '0', 'false', undefined].includes(env.ODO_DEBUG);

/** Says what went wrong and returns the exit code for it. */
export function reportError(error: unknown, host: Host, { json, verbose }: ErrorReport): number {
  // An interruption by something else than a signal; whoever watches the signals knows a better code.
  if (isAbort(error)) return errorKinds.INTERRUPTED.exitCode;
  const data = toErrorData(error);
  if (json) writeJsonLine(host, { type: 'error', error: data });
  const lines = errorText(data, {
    width: host.stderr.isTerminal ? host.stderr.columns() - 1 : Number.MAX_SAFE_INTEGER,
    withStack: verbose || wantsDebug(host),
  });
  host.stderr.write(`${lines.join('\n')}\n`);
  return error instanceof OdoError ? error.exitCode : errorKinds[data.code].exitCode;
}
