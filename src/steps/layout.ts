/** Names odo uses inside the data directory and its work directory. */

/** Files that make a directory startable; kept here until `seal` moves them to their places by rename. */
export const sealedFolder = '.odo-sealed';

/** Placed last, in this order; pg_control very last, because without it no server starts. */
export const sealedFiles = [
  { from: `${sealedFolder}/tablespace_map`, to: 'tablespace_map' },
  { from: `${sealedFolder}/backup_label`, to: 'backup_label' },
  { from: `${sealedFolder}/pg_control`, to: 'global/pg_control' },
] as const;

/** The backup's own postgresql.auto.conf while recovery runs with odo's settings. */
export const asideAutoConf = '.odo-postgresql.auto.conf';

/** In a data directory that another's server shall recover: its WAL, and the settings that make it do so. */
export const handedWalFolder = '.odo-wal';
export const incomingHandedWal = '.odo-wal-incoming';
export const handedRecoveryConf = '.odo-recovery.conf';

/** In the work directory. */
export const walFolder = 'wal';
/** Where files of `walFolder` are written before they are renamed into it. */
export const incomingWalFolder = 'wal-incoming';
/** Since which start of the machine `walFolder` has what is in it. */
export const spoolBoot = 'wal-boot';
export const archivedNames = 'wal-in-archive.txt';
export const restoreScript = 'restore-wal.sh';
/** Asked by a server that must not promote, in front of the other. */
export const holdScript = 'hold.sh';
export const recoverConf = 'recover.conf';
export const reachTargetConf = 'reach-target.conf';
export const promoteConf = 'promote.conf';
export const drillConf = 'drill.conf';
export const drillHbaFile = 'drill_hba.conf';
export const hbaFile = 'pg_hba.conf';
export const identFile = 'pg_ident.conf';

/**
 * Directories a server needs and that a backup may lack: barman stores no pg_wal that is a symbolic link, and
 * copying tools drop empty directories. From the list initdb makes (src/bin/initdb/initdb.c, subdirs).
 */
export const requiredDirectories = [
  'base',
  'global',
  'pg_commit_ts',
  'pg_dynshmem',
  'pg_logical',
  'pg_logical/mappings',
  'pg_logical/snapshots',
  'pg_multixact',
  'pg_multixact/members',
  'pg_multixact/offsets',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_tblspc',
  'pg_twophase',
  'pg_wal',
  'pg_xact',
] as const;
