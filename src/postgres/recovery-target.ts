/**
 * Where recovery stops; at most one kind, as for the server's `recovery_target*` settings.
 * - `end`: at the end of the WAL that there is
 * - `immediate`: as soon as the database is consistent
 * - `lsn`: at the first record that begins at or behind `X/X`
 * - `time`: RFC 3339 in UTC, to the microsecond; inclusive: in front of the first transaction that ended later
 * - `xid`: at the end of that transaction, whatever ended before it
 * - `name`: behind the first restore point of that name
 *
 * `inclusive`: what is at the target is still replayed.
 */
export type RecoveryTarget =
  | { readonly kind: 'end' }
  | { readonly kind: 'immediate' }
  | { readonly kind: 'lsn'; readonly lsn: string; readonly inclusive: boolean }
  | { readonly kind: 'time'; readonly time: string; readonly inclusive: boolean }
  | { readonly kind: 'xid'; readonly xid: string; readonly inclusive: boolean }
  | { readonly kind: 'name'; readonly name: string };

/** What happens there. `pause`: the server stays and answers read-only queries; `shutdown`: it ends, and nothing is promoted. */
export type RecoveryTargetAction = 'promote' | 'pause' | 'shutdown';

/** `latest`: the newest that descends from the backup; `current`: the backup's own. */
export type TargetTimeline = number | 'latest' | 'current';
