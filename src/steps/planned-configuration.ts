import type { ConfigurationEdit } from '../postgres/edit-configuration.ts';
import type { Origin } from '../postgres/leftovers/server-view.ts';

/** The installation that will run the restored database, as far as indexes and configuration depend on it. Plain JSON. */
export interface PlannedServer {
  /** `17.12`; null when its programs did not tell. */
  readonly version: string | null;
  /** `glibc 2.36`, `musl 1.2.5`: its collations are those of indexes on text. */
  readonly libc: string | null;
  /** Major of ICU; null without. */
  readonly icu: string | null;
  /** How many locales it has; null where any name is taken or nobody tells. */
  readonly localeCount: number | null;
}

/** What is planned for the configuration of the restored database. Plain JSON. */
export interface PlannedConfiguration {
  /** `--keep-config`: odo leaves it as the backup has it. */
  readonly isKept: boolean;
  /** Paths of the server that only the service's own container has, besides its data. */
  readonly serviceMounts: readonly string[];
  /** Null: it could not be read before the restore, so nothing of what follows is known. */
  readonly source: SourceConfiguration | null;
}

/** Whether only the service's own container sees a path. */
export const isMounted = (path: string, serviceMounts: PlannedConfiguration['serviceMounts']): boolean =>
  serviceMounts.some((mount) => path === mount || path.startsWith(`${mount}/`));

/** The backup's configuration as far as it was read before the restore. */
export interface SourceConfiguration {
  readonly origin: Origin | null;
  readonly files: readonly string[];
  /** Those that a standby must not have lower, libraries, locales and the like, where they are set. */
  readonly settings: Readonly<Record<string, string>>;
  /** In preload settings, and not on the server. */
  readonly missingLibraries: readonly string[];
  /** In lc_* settings, and not on the server: databases that were made with them would take no connection. */
  readonly missingLocales: readonly string[];
  /** What the step will change, except for what only files of the restored directory or a start can tell. */
  readonly edits: readonly PlannedEdit[];
}

export interface PlannedEdit extends ConfigurationEdit {
  /** All of it in one sentence, without a full stop. */
  readonly text: string;
}

/** Worth showing; none of them can hold a secret. */
export const shownSettings = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
  'wal_level',
  'shared_buffers',
  'shared_preload_libraries',
  'session_preload_libraries',
  'local_preload_libraries',
  'lc_messages',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'timezone',
] as const;
