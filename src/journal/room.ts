import { rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

const outOfRoom: readonly number[] = [constants.errno.ENOSPC, constants.errno.EDQUOT];

/** A full disk or a used-up quota, said by the system itself. */
export function saysNoRoom(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('errno' in error)) return false;
  return typeof error.errno === 'number' && outOfRoom.includes(-error.errno);
}

/** SQLite's shared memory is 32 KiB, and a transaction of ours some pages. @unit bytes */
const trialBytes = 64 * 1024;

/**
 * Whether there is no room for a little more in `directory`. SQLite does not say why a file could not grow: a used-up
 * quota is an I/O error to it, and so is a full disk where it is about its shared memory.
 */
export function hasNoRoom(directory: string): boolean {
  const trial = join(directory, `.odo-room-${process.pid}`);
  try {
    writeFileSync(trial, Buffer.alloc(trialBytes), { mode: 0o600, flush: true });
    return false;
  } catch (error) {
    return saysNoRoom(error);
  } finally {
    try {
      rmSync(trial, { force: true });
    } catch {}
  }
}
