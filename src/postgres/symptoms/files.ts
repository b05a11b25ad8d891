import type { Symptom } from './symptom.ts';

/** Files of the data directory that are missing, damaged or of something else. */
export const fileSymptoms = [
  {
    id: 'label-does-not-fit-control-file',
    says: 'backup_label contains data inconsistent with control file',
    pattern: /backup_label contains data inconsistent with control file/,
    cause:
      'global/pg_control is not of the same backup of a standby as backup_label; it has to be copied last.',
    consequence: 'The backup is corrupt and cannot be recovered.',
    advice: 'Restore another backup.',
  },
  {
    id: 'label-unreadable',
    says: 'invalid data in file "backup_label" / "tablespace_map"',
    pattern: /invalid data in file "(?:backup_label|tablespace_map)"/,
    cause: 'The file was edited: Windows line ends, cut, or without its last line end.',
    consequence: 'Recovery did not begin; nothing was changed.',
    advice: 'Restore the file as the backup has it.',
  },
  {
    id: 'incremental-backup',
    says: 'this is an incremental backup, not a data directory',
    since: '17',
    pattern: /this is an incremental backup, not a data directory/,
    cause: 'The backup is incremental and was not combined with the backups it depends on.',
    consequence: 'The server refuses to start: most of the data lies in the older backups.',
    advice: 'Restore the whole chain (odo does so when it is there), or a full backup.',
    notTheHint:
      'Combining by hand needs every backup of the chain, from the full one on; one alone is not enough.',
  },
  {
    id: 'tablespace-map-ignored',
    says: 'ignoring file "tablespace_map" because no file "backup_label" exists',
    pattern: /ignoring file "tablespace_map" because no file "backup_label" exists/,
    cause: 'backup_label was lost or deleted.',
    consequence: 'The server starts from the wrong checkpoint and the database is silently corrupt.',
    advice: 'Stop it at once, do not use the data, and restore the base backup again.',
    goesOn: true,
  },
  {
    id: 'tablespace-unreadable',
    says: 'could not open directory "pg_tblspc/…": Permission denied',
    pattern: /could not open directory "pg_tblspc\/[^"]*": Permission denied/,
    cause:
      'A tablespace directory cannot be read by the server: wrong owner, or a path outside of its container.',
    consequence: 'The server does not start.',
    advice:
      'Give the directory to the server’s user (chown -R) and mount it at the path that the link names.',
  },
  {
    id: 'tablespace-missing',
    says: 'could not open directory "pg_tblspc/…": No such file or directory',
    pattern: /could not open directory "pg_tblspc\/[^"]*": No such file or directory/,
    cause: 'A tablespace directory is missing or mounted elsewhere.',
    consequence: 'The server runs without the tables in it, and only queries of them fail.',
    advice: 'Do not use this database. Mount or restore the tablespace, then start again.',
    goesOn: true,
  },
  {
    id: 'tablespace-not-a-link',
    says: 'unexpected directory entry "…" found in pg_tblspc',
    since: '14',
    pattern: /unexpected directory entry "[^"]*" found in "?pg_tblspc/,
    cause:
      'A directory lies in pg_tblspc where a symbolic link belongs: a tool copied what the link pointed to.',
    consequence: 'Recovery stops when the database would become consistent.',
    advice: 'Move the directory to where the tablespace shall be and put a symbolic link in its place.',
    notTheHint:
      'The server’s hint to remove the directory would delete the tablespace’s data; allow_in_place_tablespaces is for developers.',
  },
  {
    id: 'control-file-checksum',
    says: 'incorrect checksum in control file',
    pattern: /incorrect checksum in control file/,
    cause: 'global/pg_control is damaged, or of a PostgreSQL fork with another layout.',
    consequence: 'The server does not start.',
    advice: 'Restore the base backup again, with the server that made it.',
  },
  {
    id: 'control-file-missing',
    says: 'could not find the database system … global/pg_control',
    pattern: /could not find the database system|could not open file "[^"]*global\/pg_control": No such file/,
    cause:
      'global/pg_control is missing. It is placed last, so the restore into this directory did not finish.',
    consequence: 'The server does not start, and shall not: the files are not complete.',
    advice: 'Resume the run. For a backup made by other means: it is cut off, choose another one.',
  },
  {
    id: 'data-file-missing',
    says: 'could not open file "base/…" / "pg_tblspc/…": No such file or directory',
    pattern: /could not open file "(?:pg_tblspc|base|global)\/[^"]*": No such file or directory/,
    cause: 'A data file is missing: the restore was incomplete, or a tablespace is not there.',
    consequence: 'Queries of that table fail; the database is not whole.',
    advice: 'Compare the files with the backup manifest (pg_verifybackup) and restore again.',
  },
  {
    id: 'wal-directory-missing',
    says: 'required WAL directory "pg_wal" does not exist',
    pattern: /required WAL directory "pg_wal" does not exist/,
    cause: 'pg_wal is missing or a dangling link; it was a link to another volume on the source.',
    consequence: 'The server does not start; nothing was changed.',
    advice: 'Create the directory pg_wal with mode 0700, owned by the server’s user.',
  },
  {
    id: 'directory-missing',
    says: 'could not open directory "pg_notify" / "pg_logical/snapshots" / "pg_replslot" …',
    pattern:
      /could not (?:open|read|access) (?:directory|file) "(?:pg_(?:commit_ts|dynshmem|logical|multixact|notify|replslot|serial|snapshots|stat|stat_tmp|subtrans|tblspc|twophase|xact)(?:\/\w+)?)": No such file or directory/,
    cause:
      'An empty directory of the data directory was lost by the tool that copied it (object stores, git, zip).',
    consequence: 'The server does not start, or only part of it works.',
    advice: 'Make the directory again, with mode 0700 and the owner of the data directory.',
  },
  {
    id: 'page-damaged',
    says: 'page verification failed, calculated checksum … / invalid page in block … of relation …',
    pattern: /page verification failed, calculated checksum|invalid page in block \d+ of relation/,
    cause: 'A data page is damaged: on the source when the backup was made, or by the storage since.',
    consequence: 'The rows of that page cannot be read; the rest of the database may be sound.',
    advice:
      'Restore another backup and compare. Do not set zero_damaged_pages blindly: it throws the rows away.',
    goesOn: true,
  },
  {
    id: 'wal-does-not-fit-files',
    says: 'WAL contains references to invalid pages',
    pattern: /WAL contains references to invalid pages/,
    cause:
      'WAL changes pages that the files do not have: a bad copy, a missing tablespace, or recovery that began at the wrong checkpoint for lack of backup_label.',
    consequence: 'Recovery stopped; the files do not belong to this WAL and must not be used.',
    advice:
      'Restore the base backup again with its backup_label and check it against its manifest. ignore_invalid_pages would only hide the damage.',
  },
  {
    id: 'copied-without-label',
    says: 'could not access status of transaction … / missing chunk number … for toast value …',
    pattern: /could not access status of transaction|missing chunk number \d+ for toast value/,
    cause: 'The files are of different moments: copied without backup_label, in the wrong order, or damaged.',
    consequence: 'Rows are lost or wrong, also where no query fails.',
    advice: 'Do not use this database; restore another backup.',
    goesOn: true,
  },
] as const satisfies readonly Symptom[];
