import type { PrimaryMaxima } from './control-file.ts';
import type { RecoveryTarget } from './recovery-target.ts';
import { formatSettings } from './setting-line.ts';
import { serverTimestamp } from './timestamp.ts';

export interface RecoveryConfiguration {
  readonly serverMajor: number;
  /** Shell command with %f and %p; must exit 0, 1 (certainly absent) or 255 (anything else). */
  readonly restoreCommand: string;
  readonly target: RecoveryTarget;
  /** Never `latest`: the server's search stops at a hole and may follow a foreign fork. */
  readonly timeline: number | 'current';
  readonly action: 'promote' | 'shutdown' | 'pause';
  /** Paths as the server sees them. */
  readonly hbaFile: string;
  readonly identFile: string;
  /** As recorded in pg_control; null when not known yet. */
  readonly maxima: PrimaryMaxima | null;
  /** More settings, after the others. */
  readonly more?: Readonly<Record<string, string>>;
}

/**
 * Settings whose values from another host or operator stop the server or let the copy touch the source.
 * `-c` on the command line beats postgresql.auto.conf, which odo.conf does not.
 */
export const neutralSettings: Readonly<Record<string, string>> = {
  archive_mode: 'off',
  archive_command: '',
  primary_conninfo: '',
  primary_slot_name: '',
  synchronous_standby_names: '',
  recovery_end_command: '',
  archive_cleanup_command: '',
  shared_preload_libraries: '',
  session_preload_libraries: '',
  local_preload_libraries: '',
  max_logical_replication_workers: '0',
  ssl: 'off',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_min_messages: 'warning',
  lc_messages: 'C',
  huge_pages: 'try',
  cluster_name: '',
};

/** Keys that must not stay in postgresql.auto.conf of a restored directory (`filterSettings`). */
export const leftoverRecoveryKeys: readonly string[] = [
  'recovery_target',
  'recovery_target_*',
  'restore_command',
  'recovery_end_command',
  'archive_cleanup_command',
  'primary_conninfo',
  'primary_slot_name',
  'promote_trigger_file',
  'standby_mode',
  'trigger_file',
  'recovery_min_apply_delay',
];

export function targetSettings(target: RecoveryTarget): Record<string, string> {
  switch (target.kind) {
    case 'end':
      return {};
    case 'immediate':
      return { recovery_target: 'immediate' };
    case 'name':
      return { recovery_target_name: target.name };
    case 'lsn':
      return { recovery_target_lsn: target.lsn, recovery_target_inclusive: target.inclusive ? 'on' : 'off' };
    case 'time':
      return {
        recovery_target_time: serverTimestamp(target.time),
        recovery_target_inclusive: target.inclusive ? 'on' : 'off',
      };
    case 'xid':
      return { recovery_target_xid: target.xid, recovery_target_inclusive: target.inclusive ? 'on' : 'off' };
  }
}

/** Everything the recovering server runs with, in the order odo.conf lists it. */
export function recoverySettings(configuration: RecoveryConfiguration): Record<string, string> {
  const { maxima } = configuration;
  return {
    ...neutralSettings,
    listen_addresses: '',
    hba_file: configuration.hbaFile,
    ident_file: configuration.identFile,
    // Off makes "accepts connections" mean "promoted", and the maxima are not checked. A pause needs it on.
    hot_standby: configuration.action === 'pause' ? 'on' : 'off',
    ...(maxima === null
      ? {}
      : Object.fromEntries(Object.entries(maxima).map(([name, value]) => [name, String(value)]))),
    restore_command: configuration.restoreCommand,
    ...targetSettings(configuration.target),
    recovery_target_timeline: String(configuration.timeline),
    recovery_target_action: configuration.action,
    // An interrupted recovery goes on from its last restartpoint, and restored segments stay until the next one.
    max_wal_size: '1GB',
    fsync: 'on',
    // Its lines are where the progress of the replay comes from, and are kept nowhere.
    ...(configuration.serverMajor >= 15 ? { log_startup_progress_interval: '1s' } : {}),
    ...(configuration.serverMajor >= 17 ? { event_triggers: 'off' } : {}),
    ...configuration.more,
  };
}

/** The text of odo.conf, for `postgres -c config_file=…`, which then ignores PGDATA's postgresql.conf. */
export function formatRecoveryConfiguration(configuration: RecoveryConfiguration): string {
  return `# Written by odo for recovery only; the restored server does not use it.\n${formatSettings(recoverySettings(configuration))}`;
}

/** `-c name=value` pairs for settings that postgresql.auto.conf could otherwise set again. */
export function recoveryArguments(configuration: RecoveryConfiguration): string[] {
  return Object.entries(recoverySettings(configuration)).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
}
