import type { BaseBackup } from '../backup/base-backup.ts';
import { listBackups } from '../backup/catalogue.ts';
import type { SourceRequest } from '../steps/restore-request.ts';
import type { S3Credentials } from '../storage/credentials.ts';
import { openStorage } from '../storage/open-storage.ts';

/** What `odo backups` shows. */
export async function listAvailableBackups(options: {
  source: SourceRequest;
  server: string | null;
  credentials: S3Credentials | null;
  signal: AbortSignal;
}): Promise<BaseBackup[]> {
  const { storage, prefix } = openStorage({ ...options.source, credentials: options.credentials });
  try {
    return await listBackups(storage, prefix, {
      ...(options.server === null ? {} : { server: options.server }),
      signal: options.signal,
    });
  } finally {
    storage.close();
  }
}
