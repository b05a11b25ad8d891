import type { Symptom } from './symptom.ts';

/** WAL that is not there, or is not what it should be (xlogrecovery.c, xlogreader.c, xlogarchive.c). */
export const walSymptoms = [
  {
    id: 'checkpoint-wal-missing',
    says: 'invalid checkpoint record, could not locate required checkpoint record',
    pattern: /could not locate required checkpoint record/,
    cause:
      'The WAL segment in which the backup starts could not be read, neither from pg_wal nor with restore_command.',
    consequence: 'Recovery did not begin. The restored files are as they were, so it can simply start again.',
    advice:
      'Bring the first segment, which backup_label names (START WAL LOCATION), into the archive: a backup made with -X none has no WAL of its own, and the segment may lie under another timeline. Then resume.',
    notTheHint:
      'The server’s hint to remove backup_label would give a database that starts and is silently corrupt.',
    asks: 'why-wal-ended',
  },
  {
    id: 'no-checkpoint-at-all',
    says: 'invalid primary checkpoint record (13 to 15), could not locate a valid checkpoint record',
    pattern: /could not locate a valid checkpoint record|invalid (?:primary|secondary) checkpoint record/,
    cause:
      'There is neither a backup_label nor the WAL that pg_control points to: backup_label was lost or deleted.',
    consequence:
      'The server cannot know where recovery has to begin; these files alone can not be made consistent.',
    advice:
      'Restore the base backup again, with its backup_label. Never run pg_resetwal on a restored backup.',
  },
  {
    id: 'redo-wal-missing',
    says: 'could not find redo location … referenced by checkpoint record',
    pattern: /could not find redo location/,
    cause:
      'The segment with the checkpoint of the backup is there, an earlier one with its redo record is not.',
    consequence: 'Recovery did not begin; nothing was changed.',
    advice: 'Look for the segment missing at the beginning of the backup’s range, or restore another backup.',
    notTheHint:
      'The server’s hint to remove backup_label would give a database that starts and is silently corrupt.',
    asks: 'why-wal-ended',
  },
  {
    id: 'wal-ends-before-backup-end',
    says: 'WAL ends before end of online backup',
    pattern: /WAL ends before end of online backup/,
    cause: 'The WAL ends before the position at which the backup was finished.',
    consequence:
      'The data files are not consistent and must not be used. Nothing is lost: recovery goes on from here when the missing WAL comes.',
    advice:
      'Archive the missing segments (pg_switch_wal() on the source, if it still runs) and resume, or restore an older backup.',
    asks: 'why-wal-ended',
  },
  {
    id: 'wal-ends-before-consistency',
    says: 'WAL ends before consistent recovery point',
    pattern: /WAL ends before consistent recovery point/,
    cause:
      'The WAL ends before the position that the data files need (minRecoveryPoint): a backup of a standby, or a recovery that had been further already.',
    consequence:
      'The data files are not consistent and must not be used; recovery goes on when the missing WAL comes.',
    advice: 'Archive the missing segments and resume, or restore an older backup.',
    asks: 'why-wal-ended',
  },
  {
    id: 'restore-command-failed',
    says: 'could not restore file "…" from archive: child process exited with exit code 255',
    pattern: /could not restore file "[^"]+" from archive/,
    cause:
      'The restore command could not tell whether the file exists: it was killed or not found, or the storage did not answer.',
    consequence: 'The server stopped instead of taking it for the end of the WAL; nothing was lost.',
    advice: 'Mend what the lines before it complain about, then resume.',
    asks: 'why-not-restored',
  },
  {
    id: 'wal-not-brought',
    says: 'odo: … cannot be brought',
    pattern: /^odo: [0-9A-F]{8}\S* cannot be brought/,
    cause:
      'odo itself could not bring this file from the archive, although it is there; its own error says why.',
    consequence: 'The server stopped instead of taking it for the end of the WAL; nothing was lost.',
    advice: 'Mend what keeps the archive from being read, or the file in it, then resume.',
    answers: 'why-not-restored',
  },
  {
    id: 'held-before-promotion',
    says: 'odo: recovery is held here, and this server must not open a new timeline',
    pattern: /^odo: recovery is held here/,
    cause:
      'The server was about to promote although it shall be held: WAL ended, or somebody ended its pause.',
    consequence: 'odo ended it before it wrote anything; the database is as it was at this position.',
    advice: 'Resume the run; to open the database, promote it with odo promote.',
    answers: 'why-not-restored',
  },
  {
    id: 'archive-file-wrong-size',
    says: 'archive file "…" has wrong size',
    pattern: /archive file "[^"]+" has wrong size/,
    cause: 'A WAL file from the archive is not exactly one segment long: cut short, or still compressed.',
    consequence: 'The server stopped before it; everything up to that segment is replayed.',
    advice: 'Upload the segment again from the source and resume, or choose a target before it.',
  },
  {
    id: 'restored-file-missing',
    says: 'could not stat file "pg_wal/RECOVERYXLOG"',
    pattern: /could not stat file "pg_wal\/RECOVERY(?:XLOG|HISTORY)"/,
    cause: 'The restore command reported success and delivered no file.',
    consequence: 'The server takes that for the end of the WAL: what comes after it would be lost.',
    advice: 'Check what lies between server and archive (a script, a mount), then resume.',
    answers: 'why-wal-ended',
  },
  {
    id: 'foreign-wal',
    says: 'WAL file is from different database system',
    pattern: /WAL file is from different database system/,
    cause:
      'A WAL segment of another cluster lies in the archive: two clusters archived into one folder, or the folder was used before.',
    consequence:
      'Replay ends there. Once the database was consistent the server takes it for the end of the WAL and would be promoted with everything after it missing.',
    advice:
      'Compare the two system identifiers in the line, use the folder of the right cluster, or choose a target before this segment.',
    answers: 'why-wal-ended',
  },
  {
    id: 'wal-zeroed',
    says: 'invalid magic number 0000 in …',
    pattern: /invalid magic number 0000 in/,
    cause:
      'A WAL segment, or the rest of it, consists of zeros: preallocated and never written, or lost by the storage.',
    consequence: 'Replay ends there; when there are newer segments, what they hold is lost.',
    advice: 'Upload that segment again from the source, or choose a target before it.',
    answers: 'why-wal-ended',
    fineWhen: 'end-of-wal',
  },
  {
    id: 'wal-of-other-major',
    says: 'invalid magic number D110 in …',
    pattern: /invalid magic number (?!0000)[0-9A-F]{4} in/,
    cause:
      'A WAL segment was written by another PostgreSQL major, or is no WAL at all (still compressed, encrypted).',
    consequence: 'Replay ends there; what comes after it is not in the database.',
    advice: 'Run the server of the backup’s major, and see that only one cluster archives into this folder.',
    answers: 'why-wal-ended',
    fineWhen: 'end-of-wal',
  },
  {
    id: 'wal-checksum',
    says: 'incorrect resource manager data checksum in record at …',
    pattern: /incorrect resource manager data checksum in record at/,
    cause: 'A WAL record is damaged.',
    consequence:
      'At the torn end of the very last segment that is normal. Anywhere else replay ends too early, and what comes after it is lost.',
    advice: 'Upload that segment again from the source, or choose a target before the position in the line.',
    answers: 'why-wal-ended',
    fineWhen: 'end-of-wal',
  },
  {
    id: 'wal-recycled',
    says: 'unexpected pageaddr … in … / record with incorrect prev-link …',
    pattern: /unexpected pageaddr [0-9A-F]+\/[0-9A-F]+ in|record with incorrect prev-link/,
    cause:
      'A segment holds the WAL of another position: an old file that was recycled, or one with a wrong name.',
    consequence: 'Normal at the end of what is in pg_wal. In an archive replay ends there, too early.',
    advice: 'Upload the segment of that name again from the source, or choose a target before it.',
    answers: 'why-wal-ended',
    fineWhen: 'end-of-wal',
  },
  {
    id: 'wal-of-other-branch',
    says: 'out-of-sequence timeline ID … / unexpected timeline ID …',
    pattern: /out-of-sequence timeline ID|unexpected timeline ID/,
    cause:
      'Segments of different branches of the history are mixed: a wrong one, or one that exists on two timelines.',
    consequence: 'Replay ends there; the rest of the wanted branch is not in the database.',
    advice: 'Compare the .history files with the segments, and name the branch with --target-timeline.',
    answers: 'why-wal-ended',
    fineWhen: 'end-of-wal',
  },
  {
    id: 'wal-record-broken',
    says: 'invalid contrecord length … / there is no contrecord flag at … / invalid info bits … / record length … too long / invalid resource manager ID … / invalid record offset at …',
    pattern:
      /invalid contrecord length|there is no contrecord flag at|invalid info bits [0-9A-F]+ in|record length \d+ at [0-9A-F/]+ too long|invalid resource manager ID \d+ at|invalid record offset at/,
    cause: 'A WAL record is broken, or its continuation in the next segment is missing.',
    consequence:
      'At the torn end of the very last segment that is normal; anywhere else replay ends too early.',
    advice:
      'Upload that segment and the one behind it again from the source, or choose a target before them.',
    answers: 'why-wal-ended',
    fineWhen: 'end-of-wal',
  },
  {
    id: 'wal-ends-here',
    says: 'invalid record length at …: wanted 24, got 0 (13 to 15) / expected at least 24, got 0 (16 and later)',
    pattern: /invalid record length at [0-9A-F]+\/[0-9A-F]+: (?:wanted|expected at least) \d+, got \d+/,
    cause: 'There is no record at this position: the WAL in the archive ends here.',
    consequence: 'Normal inside a segment that was not full when it was archived.',
    advice: 'Choose a target before this position, or archive what the source wrote after it.',
    answers: 'why-wal-ended',
    fineWhen: 'end-of-wal',
  },
  {
    id: 'waiting-for-wal',
    says: 'waiting for WAL to become available at …',
    since: '15',
    pattern: /waiting for WAL to become available at/,
    cause: 'There is a standby.signal, so the server waits for WAL that is not in the archive, for ever.',
    consequence:
      'It will not become writable by itself. For a standby that has caught up this is its normal state.',
    advice:
      'Bring the WAL, or promote it; where no standby was wanted, remove standby.signal before the start.',
    fineWhen: 'standby',
  },
] as const satisfies readonly Symptom[];
