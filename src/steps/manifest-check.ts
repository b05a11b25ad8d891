import type { ExpectedFile, FileMismatch, TarEntry } from '../archive/restore-archive.ts';
import type { ArchiveObject } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import {
  type BackupManifest,
  type ManifestFile,
  manifestIsIntact,
  parseBackupManifest,
} from '../postgres/backup-manifest.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { placeDataEntry } from './place-entry.ts';

/** What a backup's manifest says about the files of its archives. */
export interface ManifestCheck {
  /** How many files of the manifest a complete restore compares. */
  readonly fileCount: number;
  /** What they have together. @unit bytes */
  readonly fileBytes: number;
  /** With which checksums they are compared; empty for a manifest without any. */
  readonly algorithms: readonly string[];
  readonly manifest: BackupManifest;
  expected(archive: Pick<ArchiveObject, 'content'>, entry: TarEntry): ExpectedFile | null;
  /** The same check of a backup of which only these files are restored. */
  only(paths: Pick<ReadonlySet<string>, 'has'>): ManifestCheck;
}

/** Where a tablespace's files stand in the manifest (backup_manifest.c). */
export const manifestPath = (archive: Pick<ArchiveObject, 'content'>, path: string): string =>
  typeof archive.content === 'string' ? path : `pg_tblspc/${archive.content.tablespace}/${path}`;

export async function readManifest(
  storage: ObjectStorage,
  key: string,
  signal: AbortSignal,
): Promise<ManifestCheck> {
  const bytes = await storage.readSmall(key, signal);
  const manifest = parseBackupManifest(bytes);
  if (!(await manifestIsIntact(bytes, manifest.checksum))) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `${key} does not match its own checksum: it was changed or cut.`,
      {
        hint: 'Choose another backup with --backup.',
      },
    );
  }
  const files = new Map(manifest.files.filter(isRestored).map((file) => [file.path, file]));
  const checkOf = (compared: readonly ManifestFile[]): ManifestCheck => ({
    fileCount: compared.length,
    fileBytes: compared.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    algorithms: [...new Set(compared.flatMap(({ algorithm }) => algorithm ?? []))],
    manifest,
    expected: (archive, entry) => files.get(manifestPath(archive, entry.path)) ?? null,
    only: (paths) => checkOf(compared.filter(({ path }) => paths.has(path))),
  });
  return checkOf([...files.values()]);
}

/**
 * Some listed files are left out on purpose: leftovers of the source, WAL status files, a map that odo writes itself.
 * postgresql.auto.conf is restored, but `-R` appends to it after the server has listed it (pg_verifybackup passes it over too).
 */
function isRestored(file: ManifestFile): boolean {
  if (file.path === 'postgresql.auto.conf') return false;
  if (file.path.startsWith('pg_tblspc/')) return true;
  return placeDataEntry({ kind: 'file', path: file.path }).kind !== 'skip';
}

/** Ends the restore when files are not what the manifest says, or are missing from the archives. */
export function requireManifest(
  check: ManifestCheck,
  result: { checkedFiles: number; mismatches: readonly FileMismatch[] },
): void {
  const [first] = result.mismatches;
  if (first !== undefined) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `${result.mismatches.length} of ${check.fileCount} files are not what the backup manifest says, ${first.path} among them (its ${first.what} is ${first.found} instead of ${first.expected}).`,
      {
        hint: 'The backup is damaged in the bucket. Choose another one with --backup.',
        details: { mismatches: result.mismatches.slice(0, 100) },
      },
    );
  }
  if (result.checkedFiles < check.fileCount) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `The archives hold ${result.checkedFiles} of the ${check.fileCount} files that the backup manifest lists.`,
      { hint: 'An archive of the backup is incomplete. Choose another backup with --backup.' },
    );
  }
}
