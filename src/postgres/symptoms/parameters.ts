import type { Symptom } from './symptom.ts';

/** Settings that recovery needs as high as the source had them (xlogrecovery.c, CheckRequiredParameterValues). */
export const parameterSymptoms = [
  {
    id: 'parameters-raised-later',
    says: 'hot standby is not possible because of insufficient parameter settings, recovery has paused',
    since: '14',
    pattern: /hot standby is not possible because of insufficient parameter settings/,
    cause: 'Somewhere in the WAL the source raised a setting above what the recovering server runs with.',
    consequence: 'Recovery waits there for ever; unpaused, the server shuts down. Nothing is lost.',
    advice: 'Start again with the value that the DETAIL names; recovery goes on from there.',
    goesOn: true,
  },
  {
    id: 'parameters-too-low',
    says: 'recovery aborted because of insufficient parameter settings (14 and later) / hot standby is not possible because max_connections = … (13)',
    pattern:
      /recovery aborted because of insufficient parameter settings|hot standby is not possible because \w+ = /,
    cause:
      'A setting is lower than the source had it: max_connections, max_worker_processes, max_wal_senders, max_prepared_transactions or max_locks_per_transaction.',
    consequence: 'The server did not open; nothing was lost, and recovery can start again at once.',
    advice: 'Raise it to the value in the line or its DETAIL, or set hot_standby to off.',
  },
  {
    id: 'wal-level-minimal',
    says: 'WAL was generated with wal_level=minimal',
    pattern: /WAL was generated with "?wal_level=minimal/,
    cause: 'The source ran with wal_level = minimal for a while, so changes are missing from its WAL.',
    consequence: '13 goes on and loses them; later majors stop here.',
    advice: 'Choose a target before this position, or a base backup that was made after it.',
    goesOn: true,
  },
  {
    id: 'prepared-transactions',
    says: 'maximum number of prepared transactions reached',
    pattern: /maximum number of prepared transactions reached/,
    cause: 'WAL holds more prepared transactions than max_prepared_transactions allows.',
    consequence: 'Recovery stopped; it can start again with a higher value.',
    advice: 'Set max_prepared_transactions to at least the source’s value.',
  },
  {
    id: 'slot-without-wal-level',
    says: 'logical replication slot "…" exists, but wal_level < logical / exists on the standby, but hot_standby = off',
    pattern: /(?:logical|physical) replication slot "[^"]*" exists/,
    cause:
      'pg_replslot was copied with the backup, and its slots need a higher wal_level, or hot_standby (17 and later).',
    consequence: 'The server does not start; slots of a copy are of no use anyway.',
    advice: 'Empty the directory pg_replslot, or raise wal_level.',
  },
] as const satisfies readonly Symptom[];
