import type { Symptom } from './symptom.ts';

/** Where recovery is to go: timelines, targets, what is done there (xlogrecovery.c). */
export const targetSymptoms = [
  {
    id: 'timeline-not-a-child',
    says: 'requested timeline … is not a child of this server’s history',
    pattern: /requested timeline \d+ is not a child of this server's history/,
    cause:
      'The backup was taken after the point at which the requested timeline branched off, or a foreign history file lies in the archive.',
    consequence: 'Recovery did not begin; nothing was changed.',
    advice:
      'Choose another timeline (--target-timeline), or a backup from before the position that the DETAIL calls the fork.',
  },
  {
    id: 'timeline-without-min-recovery-point',
    says: 'requested timeline … does not contain minimum recovery point …',
    pattern: /requested timeline \d+ does not contain minimum recovery point/,
    cause: 'The data directory was already recovered along another timeline.',
    consequence: 'It can not be brought onto this timeline any more.',
    advice: 'Restore the base backup again into an empty directory.',
  },
  {
    id: 'timeline-unknown',
    says: 'recovery target timeline … does not exist',
    pattern: /recovery target timeline \d+ does not exist/,
    cause: 'The archive holds no history file of the requested timeline.',
    consequence: 'Recovery did not begin; nothing was changed.',
    advice: 'Check the WAL folder’s address, or choose one of the timelines whose .history file is there.',
  },
  {
    id: 'target-not-reached',
    says: 'recovery ended before configured recovery target was reached',
    pattern: /recovery ended before configured recovery target was reached/,
    cause:
      'The WAL ended before the recovery target: the target lies after the last commit in the archive, its name or transaction is not in it, or WAL in the middle is missing or damaged.',
    consequence: 'The database was not promoted; everything up to the end of the WAL is replayed.',
    advice:
      'Compare the last replayed position with the archive’s last segment. Repair the archive and resume, choose an earlier target, or recover to the end.',
    asks: 'why-wal-ended',
  },
  {
    id: 'target-before-consistency',
    says: 'requested recovery stop point is before consistent recovery point',
    pattern: /requested recovery stop point is before consistent recovery point/,
    cause:
      'The target lies before the end of the base backup, or before where an earlier attempt of this recovery had come to.',
    consequence: 'Nothing at that point can be reached from these files any more; they are not consistent.',
    advice:
      'Choose a backup that ended before the target. After an earlier attempt: restore the base backup again.',
  },
  {
    id: 'several-targets',
    says: 'multiple recovery targets specified',
    pattern: /multiple recovery targets specified/,
    cause:
      'More than one recovery_target… is set: one of them was left over in postgresql.conf or postgresql.auto.conf.',
    consequence: 'The server did not start; nothing was changed.',
    advice:
      'Remove all recovery_target… settings but one, also from postgresql.auto.conf and included files.',
  },
  {
    id: 'restore-command-missing',
    says: 'must specify restore_command when standby mode is not enabled',
    pattern: /must specify "?restore_command"? when standby mode is not enabled/,
    cause: 'There is a recovery.signal and no restore_command.',
    consequence: 'Recovery did not begin; nothing was changed.',
    advice: 'Set restore_command; for a backup that brings all of its WAL, `false` is enough.',
  },
  {
    id: 'paused-at-target',
    says: 'pausing at the end of recovery',
    pattern: /pausing at the end of recovery/,
    cause: 'The target is reached, and recovery_target_action is pause (its default).',
    consequence: 'The database can be read and is not finished: it stays in recovery until it is promoted.',
    advice: 'Look at the data, then promote it (odo promote, pg_promote()) or go on to a later target.',
    fineWhen: 'asked',
  },
  {
    id: 'shut-down-at-target',
    says: 'shutdown at recovery target',
    pattern: /shutdown at recovery target/,
    cause: 'The target is reached, and recovery_target_action is shutdown (or pause, with hot_standby off).',
    consequence: 'The database is intact and not promoted; every further start shuts down again.',
    advice: 'Set recovery_target_action to promote and start the server again.',
    fineWhen: 'asked',
  },
  {
    id: 'interrupted-in-recovery',
    says: 'database system was interrupted while in recovery at log time …',
    pattern: /database system was interrupted while in recovery/,
    cause: 'Recovery was stopped in the middle and begins again from its last restartpoint.',
    consequence: 'None: replaying WAL twice is harmless.',
    advice: 'Nothing needs to be done, unless the server crashes at the same position again and again.',
    notTheHint:
      'The server’s hint that data might be corrupted and an earlier target be needed stands after every interruption.',
    fineWhen: 'restarted',
  },
] as const satisfies readonly Symptom[];
