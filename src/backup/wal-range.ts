import type { WalLayout } from './wal-inventory.ts';

/** Where in the WAL a backup begins and ends. */
export interface BackupRange {
  readonly backupId: string;
  /** Key prefix of the WAL archive, with trailing slash. */
  readonly walFolder: string;
  readonly walLayout: WalLayout;
  readonly timeline: number;
  /** Another one than `timeline` when a standby followed a switch during the backup. */
  readonly endTimeline: number;
  readonly beginLsn: string;
  readonly endLsn: string;
  /** As recorded; the first segment itself is believed more. @unit bytes */
  readonly segmentBytes: number;
  /** Decimal; null when not recorded. */
  readonly systemIdentifier: string | null;
  /** WAL behind the backup was removed on purpose. @default false */
  readonly standsAlone?: boolean;
}
