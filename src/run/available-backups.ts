import type { WalPlace } from '../backup/backup-format.ts';
import type { BackupContents } from '../backup/base-backup.ts';
import { inspectBackup, listBackups, listServers } from '../backup/catalogue.ts';
import { oneNamed } from '../backup/named-backups.ts';
import { type BackupSurvey, surveyBackups } from '../backup/survey-backups.ts';
import type { SourceRequest } from '../steps/restore-request.ts';
import type { SourceCredentials } from '../storage/credentials.ts';
import { openStorage } from '../storage/open-storage.ts';

/** Where to look. */
export interface BackupsRequest {
  readonly source: SourceRequest;
  readonly server: string | null;
  /** The WAL archive of backups that know none. */
  readonly walUrl: string | null;
  readonly credentials: SourceCredentials | null;
  readonly signal: AbortSignal;
}

/** What `odo backups` shows. */
export function listAvailableBackups(request: BackupsRequest & { withWal: boolean }): Promise<BackupSurvey> {
  const { withWal, signal } = request;
  return atSource(request, async ({ storage, prefix }, outerWal) => {
    const backups = await listBackups(storage, prefix, optionsOf(request));
    return surveyBackups(storage, backups, { withWal, outerWal, signal });
  });
}

/** What `odo backups BACKUP` shows: all that a restore would look at, whatever its state. */
export function inspectAvailableBackup(
  request: BackupsRequest & { backup: string },
): Promise<BackupContents> {
  return atSource(request, async ({ storage, prefix }, outerWal) => {
    const backups = await listBackups(storage, prefix, optionsOf(request));
    return inspectBackup(storage, oneNamed(backups, request.backup), request.signal, outerWal);
  });
}

/** The servers below the URL, when there are several places for backups; empty when the URL is one itself. */
export const listAvailableServers = (request: BackupsRequest): Promise<string[]> =>
  atSource(request, ({ storage, prefix }) => listServers(storage, prefix, request.signal));

const optionsOf = ({ server, signal }: BackupsRequest) => ({
  ...(server === null ? {} : { server }),
  signal,
});

async function atSource<T>(
  { source, walUrl, credentials }: BackupsRequest,
  look: (place: WalPlace, outerWal: WalPlace | null) => Promise<T>,
): Promise<T> {
  const place = await openStorage({ ...source, credentials });
  try {
    if (walUrl === null) return await look(place, null);
    const outerWal = await openStorage({ ...source, url: walUrl, credentials });
    try {
      return await look(place, outerWal);
    } finally {
      outerWal.storage.close();
    }
  } finally {
    place.storage.close();
  }
}
