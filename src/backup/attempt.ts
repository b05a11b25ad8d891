import { errorCode } from '../errors/odo-error.ts';
import { type ErrorData, toErrorData } from '../errors/serialize.ts';

/** Runs one look into the backup; what it cannot read becomes a problem, a store that is away does not. */
export async function attempt<T>(
  problems: ErrorData[],
  signal: AbortSignal,
  look: () => Promise<T>,
): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    const code = errorCode(error);
    if (code !== 'FORMAT_UNKNOWN' && code !== 'ARCHIVE_CORRUPT') throw error;
    problems.push(toErrorData(error));
    return null;
  }
}
