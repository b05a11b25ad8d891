import type { BaseBackup } from '../backup/base-backup.ts';
import { listBackups } from '../backup/catalogue.ts';
import type { SourceRequest } from '../steps/restore-request.ts';
import type { SourceCredentials } from '../storage/credentials.ts';
import { openStorage } from '../storage/open-storage.ts';

/** What `odo backups` shows. */
export async function listAvailableBackups(options: {
  source: SourceRequest;
  server: string | null;
  credentials: SourceCredentials | null;
  signal: AbortSignal;
}): Promise<BaseBackup[]> {
  const { storage, prefix } = await openStorage({ ...options.source, credentials: options.credentials });
  try {
    return await listBackups(storage, prefix, {
      ...(options.server === null ? {} : { server: options.server }),
      signal: options.signal,
    });
  } finally {
    storage.close();
  }
}
