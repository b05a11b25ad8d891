import { compareLsn, parseLsn } from '../postgres/lsn.ts';
import type { BaseBackup } from './base-backup.ts';

/** When a backup ended; null when nothing with a zone records it. @unit epoch milliseconds */
export function finishedMs({ finishedAt }: BaseBackup): number | null {
  const ms = Date.parse(finishedAt ?? '');
  return Number.isNaN(ms) ? null : ms;
}

/** When it ended or, for one that broke off and records no end, began. @unit epoch milliseconds */
export function lastSeenMs(backup: BaseBackup): number | null {
  const started = Date.parse(backup.startedAt ?? '');
  return finishedMs(backup) ?? (Number.isNaN(started) ? null : started);
}

/**
 * Positions order the backups of one timeline of one cluster; anything else is ordered by when it was finished.
 * Never by id: a barman id is local time without a zone.
 */
export function isNewer(a: BaseBackup, b: BaseBackup): boolean {
  const comparable =
    a.systemIdentifier === b.systemIdentifier && a.timeline !== null && a.timeline === b.timeline;
  if (comparable && a.endLsn !== null && b.endLsn !== null) {
    const order = compareLsn(parseLsn(a.endLsn), parseLsn(b.endLsn));
    if (order !== 0) return order > 0;
  }
  const [aMs, bMs] = [lastSeenMs(a) ?? 0, lastSeenMs(b) ?? 0];
  return aMs === bMs ? a.id > b.id : aMs > bMs;
}

/** Null for none. */
export function newestOf(backups: readonly BaseBackup[]): BaseBackup | null {
  return backups.reduce<BaseBackup | null>(
    (best, backup) => (best === null || isNewer(backup, best) ? backup : best),
    null,
  );
}

/** A broken backup often records no time at all; then its id says whether it came later. */
export function isNewerAttempt(broken: BaseBackup, chosen: BaseBackup): boolean {
  const [brokenMs, chosenMs] = [lastSeenMs(broken), finishedMs(chosen)];
  return brokenMs === null || chosenMs === null ? broken.id > chosen.id : brokenMs > chosenMs;
}
