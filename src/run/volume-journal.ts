import { existsSync } from 'node:fs';
import { access, constants, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { openJournalForReading } from '../journal/open.ts';
import { listRunRecords } from '../journal/runs.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import { volumeJournalFolder } from '../target/target.ts';
import { currentContainerId } from './container-id.ts';
import { isMountPoint, journalInVolume } from './journal-in-volume.ts';

const mountOf = ({ target }: Pick<RestoreRequest, 'target'>): string | null =>
  target.kind === 'data-directory' && target.isVolume === true ? target.path : null;

/** A run leaves it alone where it lies in the volume that the run prepares, and nowhere else. */
export function isJournalOfVolume(request: Pick<RestoreRequest, 'target'>, journalFile: string): boolean {
  const mount = mountOf(request);
  return mount !== null && journalFile === journalInVolume(mount);
}

/** Before anything is written there. @throws PRECONDITION_FAILED */
export async function requireVolume(request: Pick<RestoreRequest, 'target'>): Promise<void> {
  const mount = mountOf(request);
  if (mount === null) return;
  const found = await stat(mount).catch(() => null);
  const isInContainer = currentContainerId() !== null;
  if (found === null || (isInContainer && !isMountPoint(mount))) {
    throw new OdoError('PRECONDITION_FAILED', `No volume is mounted at ${mount}.`, {
      hint: `What is restored there would be gone with the container. Mount one: docker run -v VOLUME:${mount} …`,
    });
  }
  const canWrite = await access(mount, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (canWrite) return;
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  throw new OdoError(
    'PRECONDITION_FAILED',
    `${mount} belongs to ${found.uid}:${found.gid}, and ${uid}:${gid}, as whom odo runs, may not write there.`,
    { hint: `Give it to that user (chown ${uid}:${gid}), or run the container as root: --user 0.` },
  );
}

/** Where nothing is left to go on with, the volume is the database's alone. */
export async function removeIdleJournal(journalFile: string): Promise<void> {
  if (basename(dirname(journalFile)) !== volumeJournalFolder || !existsSync(journalFile)) return;
  const database = openJournalForReading(journalFile);
  if (database === null) return;
  try {
    if (listRunRecords(database, Number.MAX_SAFE_INTEGER).some(({ status }) => !over.includes(status)))
      return;
  } finally {
    database.close();
  }
  await rm(dirname(journalFile), { recursive: true, force: true });
}

const over: readonly string[] = ['completed', 'refused', 'declined', 'abandoned'];
