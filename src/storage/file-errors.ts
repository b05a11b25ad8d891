import { OdoError } from '../errors/odo-error.ts';

/** The code of a system error, such as ENOENT. */
export const systemCode = (error: unknown): string | null =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null;

/** Any failure at a file of a directory of backups as an OdoError. */
export function fileError(cause: unknown, path: string): OdoError {
  if (cause instanceof OdoError) return cause;
  const code = systemCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') {
    return new OdoError('OBJECT_NOT_FOUND', `There is no file ${path}.`, {
      hint: 'List what is there with: odo backups',
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new OdoError('ACCESS_DENIED', `${path} cannot be read by this user.`, {
      hint: 'Run odo as a user that may read it, or change its permissions.',
      cause,
    });
  }
  return new OdoError('STORAGE_UNAVAILABLE', `${path} cannot be read${code === null ? '' : ` (${code})`}.`, {
    hint: 'Check the disk or mount it lies on, then try again (a run that had begun: odo resume).',
    cause,
  });
}
