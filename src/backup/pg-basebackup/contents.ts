import { isReadable } from '../../archive/open-decoder.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import type { BackupManifest } from '../../postgres/backup-manifest.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import {
  type ArchiveCandidate,
  duplicateProblems,
  estimateDataBytes,
  examineArchives,
} from '../archive-objects.ts';
import { attempt } from '../attempt.ts';
import type { WalPlace } from '../backup-format.ts';
import type { ArchiveObject, BackupContents, BaseBackup, Tablespace } from '../base-backup.ts';
import { cutTar } from '../cut-tar.ts';
import { problem } from '../problem.ts';
import { majorProblems, statusProblems } from '../refused-backup.ts';
import { endOfWal, type WantedEnd } from '../wanted-end.ts';
import { listBackupFiles, mergeTablespaces } from './catalogue.ts';
import { readManifest } from './read-manifest.ts';
import type { PlannedWal } from './segments-plan.ts';
import { foreignTablespaceTars } from './tablespace-tars.ts';
import { findServerMajor, readTarLabels } from './tar-labels.ts';
import { planTarWal } from './tar-wal.ts';

/** Stored bytes of base.tar that are looked through for PG_VERSION. @unit bytes */
const versionSearchBytes = 64 * 1024 * 1024;

/** Reads everything a restore of this backup needs to know and finds what forbids it. */
export async function inspectBaseBackup(
  storage: ObjectStorage,
  backup: BaseBackup,
  signal: AbortSignal,
  wal: WalPlace | null = null,
  wanted: WantedEnd = endOfWal,
): Promise<BackupContents> {
  const files = await listBackupFiles(storage, backup.folder, signal);
  const problems: ErrorData[] = statusProblems(backup);
  const warnings: string[] = [];
  const candidates: ArchiveCandidate[] = files.tars.map(({ object, content }) => ({
    object,
    content,
    part: 0,
  }));
  candidates.sort((a, b) => rank(a) - rank(b) || a.object.key.localeCompare(b.object.key));
  problems.push(...duplicateProblems(candidates));
  const examined = await examineArchives(storage, candidates, signal);
  problems.push(...examined.problems);
  const { archives } = examined;
  const read = await readManifest(storage, files.manifest, signal);
  problems.push(...read.problems);
  warnings.push(...read.warnings);
  const { manifest } = read;

  const base = archives.find((archive) => archive.content === 'data');
  const canRead = base !== undefined && isReadable(base.codec);
  const labels = canRead
    ? await attempt(problems, signal, () => readTarLabels(storage, base, base.codec, signal))
    : null;
  if (canRead && labels?.label === null && backup.status === 'complete') {
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `${base.key} does not begin with a backup_label.`,
        'It is no online base backup, or another tool packed it anew. Choose another backup.',
        { key: base.key },
      ),
    );
  }
  const tablespaces = tablespacesOf(backup, manifest, labels?.map ?? []);
  problems.push(...missingTars(backup, tablespaces, archives));
  if (
    manifest?.files.some((file) => /(?:^|\/)INCREMENTAL\./.test(file.path)) &&
    backup.incremental === undefined &&
    backup.status === 'complete'
  ) {
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `Backup ${backup.id} holds incremental files, but its backup_label does not say what it builds on.`,
        'Its label was edited. Choose another backup, or combine it with those before it first (pg_combinebackup).',
      ),
    );
  }
  for (const archive of archives) problems.push(...(await cutTar(storage, archive, signal)));

  const inner: PlannedWal | null =
    labels?.label == null
      ? null
      : await attempt(problems, signal, () =>
          planTarWal(storage, { backup, label: labels.label, manifest, archives }, wal, wanted, signal),
        );
  problems.push(...(inner?.problems ?? []));
  warnings.push(...(inner?.warnings ?? []));

  let serverMajor = inner?.serverMajor ?? backup.serverMajor;
  if (serverMajor === null && canRead) {
    const options = { signal, limitBytes: versionSearchBytes };
    serverMajor = await attempt(problems, signal, () => findServerMajor(storage, base, base.codec, options));
  }
  if (serverMajor === null)
    warnings.push('The backup does not say early enough which PostgreSQL major it is of.');
  problems.push(...majorProblems(backup.id, serverMajor));

  problems.push(...(await foreignTablespaceTars(storage, archives, serverMajor, signal)));

  return {
    backup: {
      ...backup,
      serverMajor,
      systemIdentifier: inner?.systemIdentifier ?? manifest?.systemIdentifier ?? backup.systemIdentifier,
      endLsn: manifest?.walRanges[0]?.endLsn ?? backup.endLsn,
      dataBytes: manifest?.totalBytes ?? null,
      tablespaces,
    },
    archives,
    wal: inner?.plan ?? null,
    manifestKey: files.manifest?.key ?? null,
    dataBytes: manifest?.totalBytes ?? estimateDataBytes(archives),
    dataBytesIsExact: manifest !== null,
    ...(manifest === null ? {} : { tablespaceBytes: bytesByTablespace(manifest) }),
    problems,
    warnings,
  };
}

const rank = ({ content }: ArchiveCandidate): number => (content === 'data' ? 0 : content === 'wal' ? 2 : 1);

function tablespacesOf(
  backup: BaseBackup,
  manifest: BackupManifest | null,
  map: readonly { oid: string; path: string }[],
): Tablespace[] {
  const oids = new Set(backup.tablespaces.map((tablespace) => tablespace.oid));
  for (const file of manifest?.files ?? []) {
    const [, oid] = /^pg_tblspc\/(\d+)\//.exec(file.path) ?? [];
    if (oid !== undefined) oids.add(oid);
  }
  return mergeTablespaces(
    [...oids].map((oid) => ({ oid, name: null, location: null })),
    map,
  );
}

function bytesByTablespace(manifest: BackupManifest): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const { path, sizeBytes } of manifest.files) {
    const [, oid] = /^pg_tblspc\/(\d+)\//.exec(path) ?? [];
    if (oid !== undefined) bytes[oid] = (bytes[oid] ?? 0) + sizeBytes;
  }
  return bytes;
}

function missingTars(
  backup: BaseBackup,
  tablespaces: readonly Tablespace[],
  archives: readonly ArchiveObject[],
): ErrorData[] {
  const missing = (name: string) =>
    problem(
      'BACKUP_INCOMPLETE',
      `${name} (with any compression) is missing in ${backup.folder || 'the bucket’s root'}.`,
      'It was deleted or never uploaded. Choose another backup: odo backups',
      { folder: backup.folder, name },
    );
  const present = new Set(
    archives.map(({ content }) => (typeof content === 'object' ? content.tablespace : content)),
  );
  const problems = tablespaces.filter(({ oid }) => !present.has(oid)).map(({ oid }) => missing(`${oid}.tar`));
  return present.has('data') ? problems : [missing('base.tar'), ...problems];
}
