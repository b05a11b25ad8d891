import { OdoError } from '../errors/odo-error.ts';

/** The same error, of the archive `name`: a decoder and the tar reader do not know which one they read. */
export function withName(error: unknown, name: string): unknown {
  if (!(error instanceof OdoError)) return error;
  const details = { archive: name, ...error.details };
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new OdoError(error.code, `${name}: ${error.message}`, { ...hint, details, cause: error });
}
