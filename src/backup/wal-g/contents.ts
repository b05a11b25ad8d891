import { isReadable } from '../../archive/open-decoder.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import type { BackupLabel } from '../../postgres/backup-label.ts';
import type { ControlFile } from '../../postgres/control-file.ts';
import { defaultSegmentBytes } from '../../postgres/wal-segment.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { duplicateProblems, estimateDataBytes, examineArchives } from '../archive-objects.ts';
import { attempt } from '../attempt.ts';
import type { WalPlace } from '../backup-format.ts';
import type { ArchiveObject, BackupContents, BaseBackup } from '../base-backup.ts';
import { cutTar } from '../cut-tar.ts';
import { problem } from '../problem.ts';
import { majorProblems, refusedContents } from '../refused-backup.ts';
import { type ArchiveWal, planArchiveWal } from '../wal-archive.ts';
import { endOfWal, type WantedEnd } from '../wanted-end.ts';
import { judge, readSentinel, withFacts } from './catalogue.ts';
import { encryptionProblem } from './encryption.ts';
import { type FilesMetadata, readFilesMetadata } from './files-metadata.ts';
import { controlStem, filesMetadataKey, labelStem, parsePartName } from './layout.ts';
import { candidatesOf, listParts, missingParts, unnamedParts, withDialect } from './parts.ts';
import { readPermanentMark } from './permanent-mark.ts';
import type { Sentinel } from './sentinel.ts';
import { readControlTar, readLabelTar } from './small-tars.ts';

/** Reads everything a restore of this backup needs to know and finds what forbids it. */
export async function inspectWalgBackup(
  storage: ObjectStorage,
  listed: BaseBackup,
  signal: AbortSignal,
  _wal: WalPlace | null = null,
  wanted: WantedEnd = endOfWal,
): Promise<BackupContents> {
  if (listed.status === 'unreadable' || listed.status === 'incomplete') return refusedContents(listed);
  const sentinel = await readSentinel(storage, listed, signal);
  const parts = await listParts(storage, listed, signal);
  const storedBytes = parts.reduce((sum, { object }) => sum + object.sizeBytes, 0);
  const isPermanent = (await readPermanentMark(storage, listed.folder, signal)) ?? sentinel.isPermanent;
  const backup = {
    ...withFacts(listed, { ...sentinel, isPermanent }),
    ...judge(listed.id, sentinel, storedBytes),
  };
  if (backup.status !== 'complete') return refusedContents(backup);

  const problems: ErrorData[] = [];
  const warnings: string[] = [];
  const metadata = await filesMetadataOf(storage, backup, sentinel, { problems, warnings, signal });
  const candidates = candidatesOf(parts);
  problems.push(...missingParts(backup, parts, metadata), ...duplicateProblems(candidates));
  const strangers = unnamedParts(parts, metadata);
  for (const name of strangers) {
    warnings.push(`${name} is not named in files_metadata.json; it is restored nevertheless.`);
  }
  const examined = await examineArchives(storage, candidates, signal);
  const archives = examined.archives.map((archive) => withDialect(archive, strangers.length > 0));
  const encrypted = await encryptionProblem(storage, backup, archives, signal);
  problems.push(...(encrypted === null ? examined.problems : [encrypted]));
  for (const archive of archives) problems.push(...(await cutTar(storage, archive, signal)));

  const readable = (stem: string) =>
    encrypted === null
      ? archives.find(({ name, codec }) => parsePartName(name)?.stem === stem && isReadable(codec))
      : undefined;
  const control = await lookInto(readable(controlStem), problems, signal, (archive) =>
    readControlTar(storage, archive, signal),
  );
  const label = await lookInto(readable(labelStem), problems, signal, (archive) =>
    readLabelTar(storage, archive, signal),
  );
  problems.push(...contradictions(backup, control, label));
  const wal = encrypted === null ? await walOf(storage, backup, control, wanted, signal) : nothing;
  problems.push(...wal.problems);
  warnings.push(...wal.warnings);

  return {
    backup: {
      ...backup,
      serverMajor: backup.serverMajor ?? control?.serverMajor ?? null,
      systemIdentifier: backup.systemIdentifier ?? control?.systemIdentifier ?? wal.systemIdentifier,
    },
    archives,
    wal: wal.plan,
    manifestKey: null,
    dataBytes: backup.dataBytes ?? estimateDataBytes(archives),
    dataBytesIsExact: false,
    problems,
    warnings,
  };
}

const nothing: ArchiveWal = { plan: null, systemIdentifier: null, problems: [], warnings: [] };

async function lookInto<T>(
  archive: ArchiveObject | undefined,
  problems: ErrorData[],
  signal: AbortSignal,
  look: (archive: ArchiveObject) => Promise<T>,
): Promise<T | null> {
  return archive === undefined ? null : attempt(problems, signal, () => look(archive));
}

/** Older versions kept it in the sentinel or nowhere; from version 2 on it is part of the backup unless it says otherwise. */
async function filesMetadataOf(
  storage: ObjectStorage,
  backup: BaseBackup,
  sentinel: Sentinel,
  found: { problems: ErrorData[]; warnings: string[]; signal: AbortSignal },
): Promise<FilesMetadata | null> {
  const { problems, warnings, signal } = found;
  const unproven = 'whether a tar of the backup is missing shows only when PostgreSQL misses a file';
  if (sentinel.hasNoFilesMetadata) {
    warnings.push(`The backup was taken without files_metadata.json: ${unproven}.`);
    return null;
  }
  const key = filesMetadataKey(backup.folder);
  const object = await storage.stat(key, signal);
  if (object === null) {
    if (sentinel.version >= 2) {
      problems.push(
        problem(
          'BACKUP_INCOMPLETE',
          `${key} is missing.`,
          'It was deleted or never uploaded. Choose another backup: odo backups',
          { key },
        ),
      );
    } else if (sentinel.tars.length > 0) {
      return { tars: new Set(sentinel.tars), partialFile: null, corruptFiles: 0, firstCorruptFile: null };
    } else {
      warnings.push(`The backup is of a WAL-G that wrote no files_metadata.json: ${unproven}.`);
    }
    return null;
  }
  const metadata = await attempt(problems, signal, () => readFilesMetadata(storage, object, signal));
  if (metadata === null) return null;
  if (metadata.partialFile !== null) {
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `Backup ${backup.id} holds only changes of some files, of ${metadata.partialFile} among them.`,
        'It is a delta, although its sentinel does not say so. Choose a full backup: odo backups',
        { file: metadata.partialFile },
      ),
    );
  }
  if (metadata.corruptFiles > 0) {
    warnings.push(
      `When the backup was taken, pages with wrong checksums were found in ${metadata.corruptFiles} files, in ${metadata.firstCorruptFile} among them.`,
    );
  }
  return metadata;
}

/** The sentinel, the control file and the label must be of one backup. */
function contradictions(
  backup: BaseBackup,
  control: ControlFile | null,
  label: BackupLabel | null,
): ErrorData[] {
  const problems: ErrorData[] = [];
  const require = (what: string, said: string | number | null, found: string | number | null) => {
    if (said === null || found === null || said === found) return;
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `The sentinel of ${backup.id} says ${what} ${said}, but its tars say ${found}.`,
        'They do not belong together. Choose another backup: odo backups',
        { said, found },
      ),
    );
  };
  require('system identifier', backup.systemIdentifier, control?.systemIdentifier ?? null);
  require('PostgreSQL', backup.serverMajor, control?.serverMajor ?? null);
  require('start position', backup.beginLsn, label?.startLsn ?? null);
  require('timeline', backup.timeline, label?.timeline ?? null);
  const major = backup.serverMajor ?? control?.serverMajor ?? null;
  problems.push(...majorProblems(backup.id, major));
  return problems;
}

/** The segment size is recorded nowhere but in the control file, and in the WAL itself. */
async function walOf(
  storage: ObjectStorage,
  backup: BaseBackup,
  control: ControlFile | null,
  wanted: WantedEnd,
  signal: AbortSignal,
): Promise<ArchiveWal> {
  const { walFolder, timeline, beginLsn, endLsn } = backup;
  if (walFolder === null || timeline === null || beginLsn === null || endLsn === null) return nothing;
  return planArchiveWal(
    storage,
    {
      backupId: backup.id,
      walFolder,
      walLayout: 'flat',
      timeline,
      // WAL-G gives a backup up when the timeline changes while it runs.
      endTimeline: timeline,
      beginLsn,
      endLsn,
      segmentBytes: control?.segmentBytes ?? defaultSegmentBytes,
      systemIdentifier: backup.systemIdentifier ?? control?.systemIdentifier ?? null,
      standsAlone: backup.kept === 'standalone',
    },
    signal,
    wanted,
  );
}
