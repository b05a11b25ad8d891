import type { ObjectStorage } from '../storage/object-storage.ts';
import type { BackupContents, BackupFormatName, BaseBackup } from './base-backup.ts';

/** A layout of backups in a store. Adding one is a folder beside this file that passes the contract suite. */
export interface BackupFormat {
  readonly name: BackupFormatName;
  /** Every backup of this format at or below `prefix`; one broken entry never hides the others. */
  list(storage: ObjectStorage, prefix: string, signal: AbortSignal): Promise<BaseBackup[]>;
  /** Reads what is needed to restore `backup` and finds everything that forbids it; changes nothing. */
  inspect(storage: ObjectStorage, backup: BaseBackup, signal: AbortSignal): Promise<BackupContents>;
}
