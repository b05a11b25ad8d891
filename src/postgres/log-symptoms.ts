/** A known failure: what the log says, why, and what to do. For people. */
export interface Symptom {
  /** Stable, for JSON and tests. */
  readonly id: string;
  readonly pattern: RegExp;
  readonly cause: string;
  readonly advice: string;
}

/**
 * Most specific first; messages of PostgreSQL 13 to 18 in the C locale. Where the server's own HINT is dangerous
 * (deleting backup_label), the advice says so.
 */
export const symptoms = [
  {
    id: 'checkpoint-wal-missing',
    pattern: /could not locate required checkpoint record/,
    cause:
      'The WAL segment in which the backup starts could not be read, neither from pg_wal nor with restore_command.',
    advice:
      'Make the first segment named in backup_label available and start recovery again. Do not remove backup_label, whatever the server’s hint says.',
  },
  {
    id: 'redo-wal-missing',
    pattern: /could not find redo location/,
    cause:
      'The first WAL segments of the backup are incomplete: the checkpoint was found, its redo record was not.',
    advice: 'Look for the missing segment at the beginning of the backup’s range, or restore another backup.',
  },
  {
    id: 'wal-ends-before-backup-end',
    pattern: /WAL ends before end of online backup/,
    cause:
      'The WAL archive ends before the position at which the backup was finished, so the data is not consistent.',
    advice:
      'Archive the missing segments (pg_switch_wal() on the source, if it still runs) and resume, or restore an older backup.',
  },
  {
    id: 'wal-ends-before-consistency',
    pattern: /WAL ends before consistent recovery point/,
    cause:
      'The WAL archive ends before the position the data files need (a backup of a standby, or a repeated recovery).',
    advice: 'Archive the missing segments and resume, or restore an older backup.',
  },
  {
    id: 'timeline-not-a-child',
    pattern: /requested timeline \d+ is not a child of this server's history/,
    cause:
      'The backup was taken after the point at which the requested timeline branched off, or a foreign history file lies in the archive.',
    advice: 'Choose the backup’s own timeline, or an older backup that lies before the branch.',
  },
  {
    id: 'timeline-without-min-recovery-point',
    pattern: /requested timeline \d+ does not contain minimum recovery point/,
    cause: 'The data directory was already recovered along another timeline.',
    advice: 'Restore the base backup again into an empty directory.',
  },
  {
    id: 'timeline-unknown',
    pattern: /recovery target timeline \d+ does not exist/,
    cause: 'The archive holds no history file of the requested timeline.',
    advice: 'Check the WAL folder’s address, or choose one of the timelines whose .history file is there.',
  },
  {
    id: 'target-not-reached',
    pattern: /recovery ended before configured recovery target was reached/,
    cause:
      'The WAL ended before the recovery target: the target lies after the last archived record, or WAL in the middle is missing or damaged.',
    advice:
      'Compare the last replayed position with the archive’s last segment; choose an earlier target, or repair the archive and resume.',
  },
  {
    id: 'restore-command-failed',
    pattern: /could not restore file "[^"]+" from archive/,
    cause:
      'The restore command could not tell whether the segment exists: it was killed, not found, or the storage did not answer.',
    advice: 'Look at the lines above for the reason, then resume; nothing was lost.',
  },
  {
    id: 'archive-file-wrong-size',
    pattern: /archive file "[^"]+" has wrong size/,
    cause: 'A WAL file from the archive is not exactly one segment long: cut short, or still compressed.',
    advice: 'Upload the segment again from the source, or choose a target before it.',
  },
  {
    id: 'foreign-wal',
    pattern: /WAL file is from different database system/,
    cause:
      'A WAL segment of another cluster lies in the archive, probably because two clusters archived into one folder.',
    advice: 'Do not trust a database promoted after this line. Use the folder of the right cluster.',
  },
  {
    id: 'wal-corrupt',
    pattern: /incorrect resource manager data checksum in record at/,
    cause: 'A WAL record is damaged. That is normal only at the torn end of the very last segment.',
    advice:
      'If newer segments exist, data after this position is lost: fetch the segment again, or choose a target before it.',
  },
  {
    id: 'incremental-backup',
    pattern: /this is an incremental backup, not a data directory/,
    cause: 'The backup is incremental and was not combined with the backups it depends on.',
    advice: 'Combine the chain with pg_combinebackup first, or restore a full backup.',
  },
  {
    id: 'tablespace-unreadable',
    pattern: /could not open directory "pg_tblspc\/[^"]*": Permission denied/,
    cause:
      'A tablespace directory cannot be read by the server: wrong owner, or a path that does not exist in the container.',
    advice: 'Give the directory to the server’s user and mount it at the path that the link names.',
  },
  {
    id: 'tablespace-missing',
    pattern: /could not open directory "pg_tblspc\/[^"]*": No such file or directory/,
    cause: 'A tablespace directory is missing or mounted elsewhere; the server would run without its tables.',
    advice: 'Do not use this database. Mount or restore the tablespace, then start again.',
  },
  {
    id: 'data-file-missing',
    pattern: /could not open file "(?:pg_tblspc|base|global)\/[^"]*": No such file or directory/,
    cause: 'A data file is missing: the restore was incomplete, or a tablespace is not there.',
    advice: 'Verify the files against the backup manifest and restore again.',
  },
  {
    id: 'directory-permissions',
    pattern: /data directory "[^"]*" has invalid permissions/,
    cause: 'The data directory is open to others.',
    advice: 'Set its mode to 0700.',
  },
  {
    id: 'directory-owner',
    pattern: /data directory "[^"]*" has wrong ownership/,
    cause:
      'The data directory belongs to another user than the server’s (999, 70, 26 and 1001 are common in images).',
    advice: 'Give the directory to the image’s user, or name the owner with --owner.',
  },
  {
    id: 'server-major',
    pattern: /database files are incompatible with server/,
    cause: 'The data directory is of another PostgreSQL major than the server.',
    advice: 'Use the major in the file PG_VERSION.',
  },
  {
    id: 'control-file-missing',
    pattern: /could not find the database system|could not open file "[^"]*global\/pg_control": No such file/,
    cause:
      'global/pg_control is missing. It is placed last, so the restore into this directory did not finish.',
    advice: 'Resume the run.',
  },
  {
    id: 'configuration-missing',
    pattern: /could not access the server configuration file/,
    cause:
      'There is no postgresql.conf in the data directory: the source kept it elsewhere (Debian, Bitnami).',
    advice: 'Put a postgresql.conf into the data directory, or start the server with -c config_file=….',
  },
  {
    id: 'setting-value-invalid',
    pattern: /invalid value for parameter "(?:lc_\w+|log_timezone|timezone|TimeZone)"/,
    cause: 'A locale or time zone of the source does not exist where the server runs.',
    advice: 'Set lc_messages to C and log_timezone to UTC, or use an image that has them.',
  },
  {
    id: 'library-missing',
    pattern: /could not access file "[^"]+": No such file or directory/,
    cause: 'A library in shared_preload_libraries is not installed where the server runs.',
    advice: 'Use an image with that extension, or take it out of shared_preload_libraries.',
  },
  {
    id: 'certificate-missing',
    pattern:
      /could not load server certificate file|private key file "[^"]*" (?:has group or world access|must be owned)/,
    cause: 'TLS is on, with certificate files that are not here or not safe.',
    advice: 'Set ssl to off, or provide the files with mode 0600.',
  },
  {
    id: 'path-missing',
    pattern: /could not (?:open log file|create lock file) "[^"]*"/,
    cause: 'The log or socket directory of the source does not exist here.',
    advice: 'Override log_directory and unix_socket_directories.',
  },
  {
    id: 'shared-memory',
    pattern: /could not (?:map anonymous shared memory|resize shared memory segment)/,
    cause:
      'There is not enough memory for shared_buffers or huge pages, or /dev/shm of the container is too small.',
    advice: 'Lower shared_buffers, set huge_pages to try, or give the container a larger --shm-size.',
  },
  {
    id: 'pid-file',
    pattern: /lock file "postmaster\.pid" already exists|pre-existing shared memory block/,
    cause: 'Another server runs on this data directory, or one was killed and left its postmaster.pid.',
    advice: 'Make sure that no server and no container uses the directory before removing postmaster.pid.',
  },
  {
    id: 'recovery-conf',
    pattern: /using recovery command file "recovery\.conf" is not supported/,
    cause: 'A recovery.conf of PostgreSQL 11 or older lies in the data directory.',
    advice: 'Remove it; recovery is requested with recovery.signal.',
  },
  {
    id: 'wal-directory-missing',
    pattern: /required WAL directory "pg_wal" does not exist/,
    cause: 'pg_wal is missing or a dangling link; it was a link to another volume on the source.',
    advice: 'Create the directory pg_wal with mode 0700.',
  },
  {
    id: 'volume-not-recognised',
    pattern: /Database is uninitialized and superuser password is not specified/,
    cause: 'The image found no data directory at its PGDATA: the restored directory is mounted elsewhere.',
    advice:
      'Stop, and compare the volume’s mount point with PGDATA. Do not let the image create a new database.',
  },
  {
    id: 'runs-as-root',
    pattern: /"root" execution of the PostgreSQL server is not permitted/,
    cause: 'The server was started as root.',
    advice: 'Start it as the image’s database user (--user).',
  },
] as const satisfies readonly Symptom[];

export type SymptomId = (typeof symptoms)[number]['id'];

/** The first known failure in a line; null when it shows none. */
export function symptomOf(line: string): Symptom | null {
  return symptoms.find((symptom) => symptom.pattern.test(line)) ?? null;
}

/** Every known failure in the log, each once, in order of first appearance. */
export function symptomsIn(lines: Iterable<string>): Symptom[] {
  const found = new Set<Symptom>();
  for (const line of lines) {
    const symptom = symptomOf(line);
    if (symptom) found.add(symptom);
  }
  return [...found];
}
