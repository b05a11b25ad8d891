import { toErrorData } from '../errors/serialize.ts';
import type { BaseBackup } from './base-backup.ts';

/** A catalogue entry of which nothing is known yet but where it lies. */
export function blankBackup(
  known: Pick<BaseBackup, 'id' | 'format' | 'folder' | 'status'> & Partial<BaseBackup>,
): BaseBackup {
  return {
    server: null,
    walFolder: null,
    name: null,
    problem: null,
    startedAt: null,
    finishedAt: null,
    storedBytes: 0,
    dataBytes: null,
    serverMajor: null,
    systemIdentifier: null,
    timeline: null,
    beginLsn: null,
    endLsn: null,
    tablespaces: [],
    ...known,
  };
}

/** `look`, or the backup with what keeps it from being read. A store that is away concerns the whole listing. */
export async function unlessUnreadable(
  backup: BaseBackup,
  signal: AbortSignal,
  look: () => Promise<BaseBackup>,
): Promise<BaseBackup> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    const { code, message, hint } = toErrorData(error);
    if (code === 'STORAGE_UNAVAILABLE' || code === 'BUG') throw error;
    if (code === 'ACCESS_DENIED') {
      // Not a fault of the backup: which right is missing is what its reader has to know.
      return { ...backup, status: 'unreadable', problem: `${message} ${hint ?? ''}`.trim(), isDenied: true };
    }
    return { ...backup, status: 'unreadable', problem: message };
  }
}
