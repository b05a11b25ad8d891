import { isSupportedMajor, supportedMajors } from '../postgres/server-version.ts';
import { defaultSegmentBytes } from '../postgres/wal-segment.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { type BackupWal, walInArchive, walWithoutArchive } from './backup-wal.ts';
import type { BaseBackup } from './base-backup.ts';
import { findWindows, pointOf, type RecoveryWindow, type WalGap } from './recovery-windows.ts';
import { readWalCoverage, type WalCoverage } from './wal-coverage.ts';

/** A backup of the catalogue, with what the archive beside it means for it. */
export interface SurveyedBackup {
  readonly backup: BaseBackup;
  readonly kind: 'full' | 'incremental' | 'snapshot';
  readonly wal: BackupWal;
  /** As far as names, metadata, first bytes and the list of the WAL tell: `odo plan` looks deeper. */
  readonly restorable: boolean;
  /** For a person; null when it is restorable. */
  readonly whyNot: string | null;
}

/** All that lies at an address, and which moments can be reached from it. */
export interface BackupSurvey {
  readonly backups: readonly SurveyedBackup[];
  /** By server, then by time. */
  readonly windows: readonly RecoveryWindow[];
  readonly gaps: readonly WalGap[];
  readonly warnings: readonly string[];
}

/**
 * Judges every backup of a listing by the WAL there is. Each WAL archive is listed once, from begin to end; without
 * `withWal` not at all, and then nothing is said about windows of archives.
 */
export async function surveyBackups(
  storage: ObjectStorage,
  backups: readonly BaseBackup[],
  options: { withWal: boolean; signal: AbortSignal },
): Promise<BackupSurvey> {
  const coverages = new Map<string, WalCoverage>();
  for (const folder of options.withWal ? walFoldersOf(backups) : []) {
    const recorded = backups.find(
      ({ walFolder, segmentBytes }) => walFolder === folder && segmentBytes != null,
    );
    const segmentBytes = recorded?.segmentBytes ?? defaultSegmentBytes;
    coverages.set(folder, await readWalCoverage(storage, folder, segmentBytes, options.signal));
  }
  const windows: RecoveryWindow[] = [];
  const gaps: WalGap[] = [];
  for (const [folder, coverage] of coverages) {
    const fit = backups.filter((backup) => backup.walFolder === folder && obstacleOf(backup) === null);
    const found = findWindows(fit, coverage);
    windows.push(...found.windows);
    gaps.push(...found.gaps);
  }
  const surveyed = backups.map((backup) => judge(backup, coverages.get(backup.walFolder ?? '') ?? null));
  const alone = surveyed.filter(({ backup, restorable }) => backup.walFolder === null && restorable);
  windows.push(...alone.map(({ backup }) => pointOf(backup)));
  return {
    backups: surveyed,
    windows,
    gaps,
    warnings: [...coverages.values()].flatMap(({ warnings }) => warnings),
  };
}

const walFoldersOf = (backups: readonly BaseBackup[]): string[] => [
  ...new Set(backups.flatMap(({ walFolder }) => (walFolder === null ? [] : [walFolder]))),
];

function judge(backup: BaseBackup, coverage: WalCoverage | null): SurveyedBackup {
  const wal = coverage === null ? walWithoutArchive(backup) : walInArchive(backup, coverage);
  const whyNot = obstacleOf(backup) ?? obstacleInWal(wal, backup.kept === 'standalone');
  return { backup, kind: kindOf(backup), wal, restorable: whyNot === null, whyNot };
}

function kindOf({ status, incremental }: BaseBackup): SurveyedBackup['kind'] {
  if (status === 'snapshot') return 'snapshot';
  return incremental !== undefined || status === 'incremental' ? 'incremental' : 'full';
}

/** What forbids a restore whatever the WAL is. */
function obstacleOf(backup: BaseBackup): string | null {
  const { status, problem, serverMajor, codec } = backup;
  if (status !== 'complete') return problem ?? `It is ${status}.`;
  if (serverMajor !== null && !isSupportedMajor(serverMajor)) {
    return `It is of PostgreSQL ${serverMajor}; odo restores PostgreSQL ${supportedMajors[0]} to ${supportedMajors.at(-1)}.`;
  }
  if (codec === 'unknown') return 'Its archives are neither tars nor compressed in a way that odo knows.';
  return null;
}

/**
 * A restore refuses to lose what lies behind a hole, although the backup itself would become consistent; unless the
 * hole is there on purpose.
 */
function obstacleInWal({ state, missing, gap, reaches }: BackupWal, standsAlone: boolean): string | null {
  if (state === 'missing' && missing === null)
    return 'It holds no WAL of its own, and without it cannot become consistent; an archive that has it may be named with --wal-url.';
  if (state === 'missing')
    return `WAL segment ${missing} is not in the archive, and without it the backup cannot become consistent.`;
  if (gap === null || reaches === null || standsAlone) return null;
  const when = reaches.archivedAt === null ? '' : `, archived at ${reaches.archivedAt}`;
  return `WAL segment ${gap} is missing behind it although newer ones are there: it reaches ${reaches.lsn}${when}, and what came later would be lost.`;
}
