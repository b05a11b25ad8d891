import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { errorCode, isAbort, OdoError } from '../errors/odo-error.ts';

/** The system's name for what went wrong (`ENOSPC`), wherever the error came from. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  // libuv has no name for it: `Unknown system error -122`.
  if ('errno' in error && error.errno === -constants.errno.EDQUOT) return 'EDQUOT';
  return typeof error.code === 'string' ? error.code : undefined;
}

export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Wraps an error of the file system once; ours and an interruption pass through as they are. */
export function fsError(error: unknown, path: string): unknown {
  if (isAbort(error) || errorCode(error) !== undefined) return error;
  const code = systemCode(error);
  if (code === undefined) return error;
  const details = { path, errno: code };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new OdoError(
        'NOT_ENOUGH_SPACE',
        `No space is left for ${path}${code === 'EDQUOT' ? ': the quota is used up' : roomAround(path)}.`,
        {
          hint: `${code === 'EDQUOT' ? 'Raise the quota' : 'Free space on that file system'}, then resume the run.`,
          details,
          cause: error,
        },
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new OdoError(
        'PRECONDITION_FAILED',
        `odo is not permitted to change or read ${path} (${code}).`,
        {
          hint:
            code === 'EROFS'
              ? 'The file system is mounted read-only; mount it writable.'
              : 'Run odo as root or as the owner of the data directory.',
          details,
          cause: error,
        },
      );
    case 'ELOOP':
      return linkRefused(path, error);
    default:
      return new OdoError('STEP_FAILED', `The file system failed at ${path} (${code}).`, {
        details,
        cause: error,
      });
  }
}

/** What the file system says of itself, for a message: it may also be out of names for files. */
function roomAround(path: string): string {
  try {
    const { bavail, blocks, bsize, ffree, files } = statfsSync(dirname(path));
    const inMiB = (count: number): string => `${((count * bsize) / 2 ** 20).toFixed(1)} MiB`;
    const inodes = files > 0 && ffree === 0 ? `, and none of ${files} inodes` : '';
    return `: ${inMiB(bavail)} of ${inMiB(blocks)} are free there${inodes}`;
  } catch {
    return '';
  }
}

/** A symbolic link stands where odo must not go through one. */
export function linkRefused(path: string, cause?: unknown): OdoError {
  return new OdoError('ENTRY_REFUSED', `${path} is a symbolic link, and odo never goes through one.`, {
    hint: 'Remove the link from the target, then resume the run.',
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Runs one file system action; its error says which path it was about. */
export async function atPath<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw fsError(error, path);
  }
}
