import type { ErrorData } from '../errors/serialize.ts';
import { isSupportedMajor, supportedMajors } from '../postgres/server-version.ts';
import type { BackupContents, BaseBackup } from './base-backup.ts';
import { problem } from './problem.ts';

/** What the status of a backup says against restoring it; nothing for a complete one. */
export function statusProblems({ id, status, problem: why, isDenied }: BaseBackup): ErrorData[] {
  if (status === 'complete') return [];
  return [
    problem(
      isDenied ? 'ACCESS_DENIED' : status === 'unreadable' ? 'FORMAT_UNKNOWN' : 'BACKUP_INCOMPLETE',
      `Backup ${id} cannot be restored. ${why ?? ''}`.trim(),
      'Choose another backup: odo backups',
      { status },
    ),
  ];
}

/** What the PostgreSQL that a backup is of says against restoring it; nothing where nobody knows it. */
export function majorProblems(id: string, major: number | null): ErrorData[] {
  if (major === null || isSupportedMajor(major)) return [];
  return [
    problem(
      'FORMAT_UNKNOWN',
      `Backup ${id} is of PostgreSQL ${major}.`,
      `odo restores PostgreSQL ${supportedMajors[0]} to ${supportedMajors.at(-1)}.`,
      { major },
    ),
  ];
}

/** Contents of a backup whose status says enough, so that nobody looks into it. */
export function refusedContents(backup: BaseBackup): BackupContents {
  return {
    backup,
    archives: [],
    wal: null,
    manifestKey: null,
    dataBytes: backup.dataBytes ?? 0,
    dataBytesIsExact: false,
    problems: statusProblems(backup),
    warnings: [],
  };
}
