import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { volumeJournalFolder } from '../target/target.ts';

/** The journal of a container that has no other volume than the one it prepares. */
export const journalInVolume = (mount: string): string => join(mount, volumeJournalFolder, 'journal.sqlite');

/** Whether another file system begins there; false for what is not there. */
export function isMountPoint(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && stats.dev !== statSync(dirname(path)).dev;
}
