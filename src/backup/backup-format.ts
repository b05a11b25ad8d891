import type { ObjectStorage } from '../storage/object-storage.ts';
import type { BackupContents, BackupFormatName, BaseBackup } from './base-backup.ts';
import type { WantedEnd } from './wanted-end.ts';

/** An archive of WAL that the operator named, apart from the backups. */
export interface WalPlace {
  readonly storage: ObjectStorage;
  /** Key prefix under which it is looked for, with trailing slash or empty. */
  readonly prefix: string;
}

/** A layout of backups in a store. Adding one is a folder beside this file that passes the contract suite. */
export interface BackupFormat {
  readonly name: BackupFormatName;
  /** Every backup of this format at or below `prefix`; one broken entry never hides the others. */
  list(storage: ObjectStorage, prefix: string, signal: AbortSignal): Promise<BaseBackup[]>;
  /**
   * Reads what is needed to restore `backup` and finds everything that forbids it; changes nothing. `wal` matters to
   * formats whose backups do not know an archive of their own; `wanted` decides how much of the WAL is planned.
   */
  inspect(
    storage: ObjectStorage,
    backup: BaseBackup,
    signal: AbortSignal,
    wal?: WalPlace | null,
    wanted?: WantedEnd,
  ): Promise<BackupContents>;
}
