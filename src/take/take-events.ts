import type { BackupDocument } from './backup-document.ts';

/** What `odo backup` tells while it works; times are RFC 3339. */
export type TakeEvent = { readonly at: string } & (
  | {
      readonly type: 'begun';
      readonly id: string;
      /** `s3://bucket/prefix/id/` */
      readonly address: string;
      readonly server: string;
      readonly serverVersion: string;
      readonly systemIdentifier: string;
    }
  | {
      readonly type: 'progress';
      /** Of the tar. @unit bytes */
      readonly done: number;
      /** What the databases take now; null when the server does not tell. @unit bytes */
      readonly total: number | null;
      /** That the store has. @unit bytes */
      readonly stored: number;
    }
  | { readonly type: 'completed'; readonly durationMs: number; readonly backup: BackupDocument }
  | {
      readonly type: 'removed';
      readonly id: string;
      readonly reason: 'retention' | 'unfinished';
      /** Of a complete one. */
      readonly finishedAt: string | null;
    }
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly message: string }
);
