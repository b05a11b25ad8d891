import { neutralSettings } from './recovery-settings.ts';
import { formatSettings } from './setting-line.ts';

export interface DrillConfiguration {
  readonly serverMajor: number;
  /** Paths as the server sees them. */
  readonly hbaFile: string;
  readonly identFile: string;
  /** What pg_control has, so that the server starts with what is in the database (prepared transactions, slots). */
  readonly kept: Readonly<Record<string, string>>;
}

/**
 * What a drill's database runs with: nothing leaves it (no archiving, no subscriptions, no libraries of the operator),
 * nothing works on it but the proofs, and it is small, because it runs beside the real one.
 */
export function drillSettings({
  serverMajor,
  hbaFile,
  identFile,
  kept,
}: DrillConfiguration): Record<string, string> {
  return {
    ...neutralSettings,
    listen_addresses: '',
    hba_file: hbaFile,
    ident_file: identFile,
    ...kept,
    restore_command: '',
    max_wal_size: '1GB',
    shared_buffers: '128MB',
    // Vacuum would change the pages that are being looked at, and compile time is not worth one reading.
    autovacuum: 'off',
    jit: 'off',
    // A container's /dev/shm may be as small as 64 MB; files in the data directory have room.
    dynamic_shared_memory_type: 'mmap',
    fsync: 'on',
    ...(serverMajor >= 17 ? { event_triggers: 'off' } : {}),
  };
}

/** The text of drill.conf, for `postgres -c config_file=…`. */
export const formatDrillConfiguration = (configuration: DrillConfiguration): string =>
  `# Written by odo for a drill only; no other server uses it.\n${formatSettings(drillSettings(configuration))}`;

/**
 * Who gets in: through the socket, which only the owner of the data directory reaches, everybody; over the network
 * nobody without the password that the role has in the database.
 */
export const drillHba = (listens: boolean): string =>
  `local all all trust\n${listens ? 'host all all all scram-sha-256\n' : ''}`;
