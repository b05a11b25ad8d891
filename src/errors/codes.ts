/** What kind of trouble a code stands for: decides the exit code of the program and whether a retry can help. */
export interface ErrorKind {
  readonly exitCode: number;
  readonly retryable: boolean;
  /** It is the backup that is bad, whatever its surroundings: a drill has found what it looks for. */
  readonly disproves: boolean;
}

const at = (exitCode: number, retryable = false): ErrorKind => ({ exitCode, retryable, disproves: false });
const disproving = (exitCode: number): ErrorKind => ({ exitCode, retryable: false, disproves: true });

/**
 * Every error odo reports. The exit codes are a contract with scripts (docs/exit-codes.md);
 * nothing else in the program decides an exit code or whether a retry can help.
 */
export const errorKinds = {
  BUG: at(1),
  USAGE: at(2),
  CONFIG_INVALID: at(2),
  PLAN_INVALID: at(2),
  OVERRIDE_FILE_MISSING: at(3),

  // Preliminary checks: nothing was touched.
  FORMAT_UNKNOWN: disproving(4),
  BACKUP_INCOMPLETE: disproving(4),
  WAL_MISSING: disproving(4),
  SERVER_MAJOR_MISMATCH: at(4),
  CHOICE_NEEDED: at(4),
  PRECONDITION_FAILED: at(4),
  PLAN_OUTDATED: at(4),

  STEP_FAILED: at(5),
  RECOVERY_FAILED: disproving(5),
  CONFIGURATION_REFUSED: at(5),
  ENGINE_FAILED: at(5, true),
  ENGINE_UNREACHABLE: at(4, true),
  ARCHIVE_CORRUPT: disproving(5),
  ENTRY_REFUSED: disproving(5),
  JOURNAL_FAILED: at(5),
  STORAGE_UNAVAILABLE: at(5, true),
  OBJECT_CHANGED: at(5),
  OBJECT_TRUNCATED: at(5, true),
  INDEX_MISMATCH: at(5),

  VERIFICATION_FAILED: disproving(6),

  RUN_NOT_FOUND: at(10),
  RUN_HELD: at(11),
  LEASE_LOST: at(11),
  ACCESS_DENIED: at(12),
  BUCKET_NOT_FOUND: at(13),
  BACKUP_NOT_FOUND: disproving(13),
  OBJECT_NOT_FOUND: at(13),
  TARGET_UNREACHABLE: disproving(13),
  NOT_ENOUGH_SPACE: at(14),

  TARGET_NOT_EMPTY: at(15),
  TARGET_IN_USE: at(15),
  TARGET_NOT_FOUND: at(15),
  TARGET_CHANGED: at(15),
  SERVICE_CONFLICT: at(15),
  SERVICE_NOT_FOUND: at(15),

  JOURNAL_INCOMPATIBLE: at(20),
  PLAN_INCOMPATIBLE: at(20),
  INTERRUPTED: at(130),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;
