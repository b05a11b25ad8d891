import type { ErrorData } from '../../errors/serialize.ts';
import { majorOfVersionNumber } from '../../postgres/server-version.ts';
import { defaultSegmentBytes, timelineOfName } from '../../postgres/wal-segment.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import {
  type ArchiveCandidate,
  duplicateProblems,
  estimateDataBytes,
  examineArchives,
} from '../archive-objects.ts';
import type { WalPlace } from '../backup-format.ts';
import type { BackupContents, BaseBackup, Tablespace } from '../base-backup.ts';
import { cutTar } from '../cut-tar.ts';
import { problem } from '../problem.ts';
import { majorProblems, refusedContents } from '../refused-backup.ts';
import { type ArchiveWal, planArchiveWal } from '../wal-archive.ts';
import { endOfWal, type WantedEnd } from '../wanted-end.ts';
import type { BackupInfo } from './backup-info.ts';
import { judge, readBackupInfo } from './catalogue.ts';
import { candidateOf, contentName, inRestoreOrder, missingParts } from './parts.ts';

/** Reads everything a restore of this backup needs to know and finds what forbids it. */
export async function inspectBarmanBackup(
  storage: ObjectStorage,
  backup: BaseBackup,
  signal: AbortSignal,
  _wal: WalPlace | null = null,
  wanted: WantedEnd = endOfWal,
): Promise<BackupContents> {
  if (backup.status === 'unreadable' || backup.problem?.startsWith('It has no backup.info'))
    return refusedContents(backup);
  // It may have been rewritten since the listing: newer barman versions write it at the start and again at the end.
  const info = await readBackupInfo(storage, backup.folder, signal);
  const candidates: ArchiveCandidate[] = [];
  for await (const object of storage.list(backup.folder, { signal })) {
    const candidate = candidateOf(object, backup.folder);
    if (candidate) candidates.push(candidate);
  }
  const judged = judge(info, candidates.length);
  if (judged.status !== 'complete') return refusedContents({ ...backup, ...judged });

  candidates.sort(inRestoreOrder);
  const tablespaces = tablespacesOf(info, candidates);
  const problems = [...refusals(backup, info), ...missingParts(backup, tablespaces.all, candidates)];
  problems.push(...duplicateProblems(candidates));
  const examined = await examineArchives(storage, candidates, signal);
  problems.push(...examined.problems);
  for (const archive of examined.archives) problems.push(...(await cutTar(storage, archive, signal)));
  const wal = await walOf(storage, backup, info, wanted, signal);
  problems.push(...wal.problems);

  const estimate = estimateDataBytes(examined.archives);
  return {
    backup: {
      ...backup,
      ...judged,
      tablespaces: tablespaces.all,
      systemIdentifier: wal.systemIdentifier,
      dataBytes: info.clusterBytes,
    },
    archives: examined.archives,
    wal: wal.plan,
    manifestKey: null,
    // cluster_size was taken at the start; the cluster grows while it is copied.
    dataBytes: info.clusterBytes === null ? estimate : Math.ceil(info.clusterBytes * 1.05),
    dataBytesIsExact: false,
    problems,
    warnings: [...tablespaces.warnings, ...wal.warnings],
  };
}

function tablespacesOf(
  info: BackupInfo,
  candidates: readonly ArchiveCandidate[],
): { all: Tablespace[]; warnings: string[] } {
  const all = [...info.tablespaces];
  const warnings: string[] = [];
  for (const { content } of candidates) {
    const oid = contentName(content);
    if (oid === 'data' || all.some((tablespace) => tablespace.oid === oid)) continue;
    all.push({ oid, name: null, location: null });
    warnings.push(
      `Tablespace ${oid} has a tar but is not named in backup.info; it is restored nevertheless.`,
    );
  }
  return { all, warnings };
}

function refusals(backup: BaseBackup, info: BackupInfo): ErrorData[] {
  const major = info.versionNumber === null ? null : majorOfVersionNumber(info.versionNumber);
  const problems = majorProblems(backup.id, major);
  if (info.encryption !== null) {
    problems.push(
      problem(
        'FORMAT_UNKNOWN',
        `Backup ${backup.id} is encrypted with ${info.encryption}.`,
        'This version of odo cannot decrypt. Decrypt its objects into another folder first.',
        { encryption: info.encryption },
      ),
    );
  }
  return problems;
}

async function walOf(
  storage: ObjectStorage,
  backup: BaseBackup,
  info: BackupInfo,
  wanted: WantedEnd,
  signal: AbortSignal,
): Promise<ArchiveWal> {
  const { beginLsn, endLsn, beginSegment, endSegment } = info;
  const timeline = info.timeline ?? (beginSegment === null ? null : timelineOfName(beginSegment));
  if (backup.walFolder === null || beginLsn === null || endLsn === null || timeline === null) {
    const missing = problem(
      'BACKUP_INCOMPLETE',
      `backup.info of ${backup.id} does not say which WAL the backup needs.`,
      'Choose another backup: odo backups',
    );
    return { plan: null, systemIdentifier: info.systemIdentifier, problems: [missing], warnings: [] };
  }
  return planArchiveWal(
    storage,
    {
      backupId: backup.id,
      walFolder: backup.walFolder,
      walLayout: 'folders',
      timeline,
      endTimeline: (endSegment === null ? null : timelineOfName(endSegment)) ?? timeline,
      beginLsn,
      endLsn,
      segmentBytes: info.segmentBytes ?? defaultSegmentBytes,
      systemIdentifier: info.systemIdentifier,
      standsAlone: backup.kept === 'standalone',
    },
    signal,
    wanted,
  );
}
