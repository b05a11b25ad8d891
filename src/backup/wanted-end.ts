import type { RecoveryTarget, TargetTimeline } from '../postgres/recovery-target.ts';
import { newestOf } from './backup-order.ts';
import type { BaseBackup } from './base-backup.ts';

/** How far recovery is to go, and on which timeline: what decides which backup and which WAL it takes. */
export interface WantedEnd {
  readonly target: RecoveryTarget;
  readonly timeline: TargetTimeline;
  /** Where the newest backup ends: of several branches, the latest one is that on which backups are made. */
  readonly lineage?: Lineage | null;
}

/** A point in the tree of timelines. */
export interface Lineage {
  readonly backupId: string;
  readonly timeline: number;
  readonly lsn: string;
}

/** Of the newest complete backup in the same archive; null where it does not say where it ends. */
export function lineageOf(backups: readonly BaseBackup[], chosen: BaseBackup): Lineage | null {
  // Nothing tells whether they are of one cluster.
  if (chosen.walFolder === null && chosen.systemIdentifier === null) return null;
  const newest = newestOf(
    backups.filter(
      ({ status, server, walFolder, systemIdentifier }) =>
        status === 'complete' &&
        server === chosen.server &&
        walFolder === chosen.walFolder &&
        systemIdentifier === chosen.systemIdentifier,
    ),
  );
  const timeline = newest?.endTimeline ?? newest?.timeline ?? null;
  if (newest === null || timeline === null || newest.endLsn === null) return null;
  return { backupId: newest.id, timeline, lsn: newest.endLsn };
}

/** All that there is. */
export const endOfWal: WantedEnd = { target: { kind: 'end' }, timeline: 'latest' };
