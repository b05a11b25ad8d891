import type { BackupContents } from '../backup/base-backup.ts';
import { inspectBackup, listBackups } from '../backup/catalogue.ts';
import { oneNamed } from '../backup/named-backups.ts';
import { type BackupSurvey, surveyBackups } from '../backup/survey-backups.ts';
import type { SourceRequest } from '../steps/restore-request.ts';
import type { SourceCredentials } from '../storage/credentials.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { openStorage } from '../storage/open-storage.ts';

/** Where to look. */
export interface BackupsRequest {
  readonly source: SourceRequest;
  readonly server: string | null;
  readonly credentials: SourceCredentials | null;
  readonly signal: AbortSignal;
}

/** What `odo backups` shows. */
export function listAvailableBackups(request: BackupsRequest & { withWal: boolean }): Promise<BackupSurvey> {
  const { withWal, signal } = request;
  return atSource(request, async (storage, prefix) =>
    surveyBackups(storage, await listBackups(storage, prefix, optionsOf(request)), { withWal, signal }),
  );
}

/** What `odo backups BACKUP` shows: all that a restore would look at, whatever its state. */
export function inspectAvailableBackup(
  request: BackupsRequest & { backup: string },
): Promise<BackupContents> {
  return atSource(request, async (storage, prefix) => {
    const backups = await listBackups(storage, prefix, optionsOf(request));
    return inspectBackup(storage, oneNamed(backups, request.backup), request.signal);
  });
}

const optionsOf = ({ server, signal }: BackupsRequest) => ({
  ...(server === null ? {} : { server }),
  signal,
});

async function atSource<T>(
  { source, credentials }: BackupsRequest,
  look: (storage: ObjectStorage, prefix: string) => Promise<T>,
): Promise<T> {
  const { storage, prefix } = await openStorage({ ...source, credentials });
  try {
    return await look(storage, prefix);
  } finally {
    storage.close();
  }
}
