import type { ErrorData } from '../errors/serialize.ts';
import { parseLsn } from '../postgres/lsn.ts';
import { isSupportedMajor, supportedMajors } from '../postgres/server-version.ts';
import { defaultSegmentBytes, segmentName, segmentNumberOf } from '../postgres/wal-segment.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { WalPlace } from './backup-format.ts';
import { type BackupWal, walInArchive, walWithoutArchive } from './backup-wal.ts';
import type { BaseBackup } from './base-backup.ts';
import { findOuterArchive, readRecordedEnd } from './pg-basebackup/outer-wal.ts';
import { findWindows, pointOf, type RecoveryWindow, type WalGap } from './recovery-windows.ts';
import { readWalCoverage, type WalCoverage } from './wal-coverage.ts';
import { type Lineage, lineageOf } from './wanted-end.ts';

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
 * `withWal` not at all, and then nothing is said about windows of archives. `outerWal` is the archive of backups that
 * know none.
 */
export async function surveyBackups(
  storage: ObjectStorage,
  backups: readonly BaseBackup[],
  options: { withWal: boolean; outerWal?: WalPlace | null; signal: AbortSignal },
): Promise<BackupSurvey> {
  const { withWal, outerWal = null, signal } = options;
  const groups: BackupsOnWal[] = [];
  const warnings: string[] = [];
  for (const folder of withWal ? walFoldersOf(backups) : []) {
    const members = backups.filter(({ walFolder }) => walFolder === folder);
    const recorded = members.find(({ segmentBytes }) => segmentBytes != null)?.segmentBytes;
    const coverage = await readWalCoverage(storage, folder, recorded ?? defaultSegmentBytes, signal);
    groups.push({ coverage, backups: new Map(members.map((backup) => [backup, backup])) });
  }
  const alone = backups.filter(({ walFolder, beginLsn }) => walFolder === null && beginLsn !== null);
  if (withWal && outerWal !== null && alone.length > 0) {
    const outer = await readOuterWal(outerWal, alone, signal);
    if ('code' in outer) warnings.push(`${outer.message} ${outer.hint ?? ''}`);
    else groups.push(outer);
  }
  const found = groups.map(({ coverage, backups: members }) =>
    findWindows(
      [...members.values()].filter((backup) => obstacleOf(backup) === null),
      coverage,
    ),
  );
  const surveyed = backups.map((backup) => {
    const group = groups.find(({ backups: members }) => members.has(backup));
    const member = group?.backups.get(backup) ?? backup;
    return judge(member, group?.coverage ?? null, lineageOf([...(group?.backups.values() ?? [])], member));
  });
  const points = surveyed.filter(({ wal, restorable }) => wal.state === 'inside' && restorable);
  return {
    backups: surveyed,
    windows: [...found.flatMap(({ windows }) => windows), ...points.map(({ backup }) => pointOf(backup))],
    gaps: found.flatMap(({ gaps }) => gaps),
    warnings: [...warnings, ...groups.flatMap(warningsOf)],
  };
}

/** An archive, and the backups that live on it: each as it was listed, with what the archive adds to it. */
interface BackupsOnWal {
  readonly coverage: WalCoverage;
  readonly backups: ReadonlyMap<BaseBackup, BaseBackup>;
}

/** A cluster that was made anew and archives into the same folder: names alone do not tell whose a segment is. */
function warningsOf({ coverage, backups }: BackupsOnWal): string[] {
  const clusters = new Set([...backups.values()].flatMap(({ systemIdentifier }) => systemIdentifier ?? []));
  if (clusters.size < 2) return [...coverage.warnings];
  const several = `${coverage.walFolder} is the archive of backups of ${clusters.size} clusters (system identifiers ${[...clusters].join(', ')}). Whose WAL it holds is not told by this list, but by: odo backups BACKUP`;
  return [...coverage.warnings, several];
}

/** Where a backup without a manifest ended is recorded in the archive, or nowhere; then its begin must do. */
async function readOuterWal(
  place: WalPlace,
  backups: readonly BaseBackup[],
  signal: AbortSignal,
): Promise<BackupsOnWal | ErrorData> {
  const archive = await findOuterArchive(place, signal);
  if ('code' in archive) return archive;
  const coverage = await readWalCoverage(place.storage, archive.walFolder, defaultSegmentBytes, signal);
  const { segmentBytes } = coverage;
  const members = new Map<BaseBackup, BaseBackup>();
  for (const backup of backups) {
    const { beginLsn, timeline } = backup;
    if (backup.endLsn !== null || beginLsn === null || timeline === null) {
      members.set(backup, backup);
      continue;
    }
    const number = segmentNumberOf(parseLsn(beginLsn), segmentBytes);
    const label = {
      startLsn: beginLsn,
      startSegment: segmentName({ timeline, number }, segmentBytes),
      timeline,
    };
    const end = await readRecordedEnd(place, archive, { label, segmentBytes }, signal);
    members.set(backup, { ...backup, endLsn: end?.lsn ?? beginLsn, endTimeline: end?.timeline ?? timeline });
  }
  return { coverage, backups: members };
}

const walFoldersOf = (backups: readonly BaseBackup[]): string[] => [
  ...new Set(backups.flatMap(({ walFolder }) => (walFolder === null ? [] : [walFolder]))),
];

function judge(backup: BaseBackup, coverage: WalCoverage | null, lineage: Lineage | null): SurveyedBackup {
  const wal = coverage === null ? walWithoutArchive(backup) : walInArchive(backup, coverage, lineage);
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
  if (gap.endsWith('.history'))
    return `The history file ${gap} is missing although WAL of its timeline is there: whether that goes on from ${reaches.lsn} on timeline ${reaches.timeline} cannot be told.`;
  const when = reaches.archivedAt === null ? '' : `, archived at ${reaches.archivedAt}`;
  return `WAL segment ${gap} is missing behind it although newer ones are there: it reaches ${reaches.lsn}${when}, and what came later would be lost.`;
}
