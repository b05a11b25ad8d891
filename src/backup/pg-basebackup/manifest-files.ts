import type { ErrorData } from '../../errors/serialize.ts';
import type { BackupManifest } from '../../postgres/backup-manifest.ts';
import type { StoredObject } from '../../storage/object-storage.ts';
import { problem } from '../problem.ts';

const shownFiles = 5;

/** Compares a listing with the manifest, before anything is read: every listed file is there, in its size. */
export function compareWithManifest(
  manifest: BackupManifest,
  files: ReadonlyMap<string, Pick<StoredObject, 'sizeBytes'>>,
  folder: string,
): ErrorData[] {
  const missing: string[] = [];
  const otherSize: string[] = [];
  for (const { path, sizeBytes } of manifest.files) {
    const found = files.get(path);
    if (found === undefined) missing.push(path);
    else if (found.sizeBytes !== sizeBytes && !mayDiffer(path)) otherSize.push(path);
  }
  const problems: ErrorData[] = [];
  if (missing.length > 0) {
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `${missing.length} of the ${manifest.files.length} files that the manifest lists are missing in ${folder || 'the bucket’s root'}: ${shown(missing)}.`,
        'The upload was not finished, or they were deleted. Upload the backup again, or choose another one: odo backups',
        { missing: missing.slice(0, 100) },
      ),
    );
  }
  if (otherSize.length > 0) {
    const [first = ''] = otherSize;
    const listed = manifest.files.find((file) => file.path === first)?.sizeBytes;
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `${otherSize.length} files in ${folder || 'the bucket’s root'} have another size than the manifest lists: ${shown(otherSize)} (the first has ${files.get(first)?.sizeBytes} bytes instead of ${listed}).`,
        'The upload was cut, or the files are of another backup. Upload the backup again, or choose another one: odo backups',
        { files: otherSize.slice(0, 100) },
      ),
    );
  }
  return problems;
}

/** `-R` appends to it after the server has listed it; pg_verifybackup passes it over as well. */
const mayDiffer = (path: string): boolean => path === 'postgresql.auto.conf';

export const shown = (paths: readonly string[]): string =>
  paths.length > shownFiles
    ? `${paths.slice(0, shownFiles).join(', ')} and ${paths.length - shownFiles} more`
    : paths.join(', ');
