import type { ErrorData } from '../../errors/serialize.ts';
import {
  type BackupManifest,
  manifestIsIntact,
  parseBackupManifest,
} from '../../postgres/backup-manifest.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import { attempt } from '../attempt.ts';
import { problem } from '../problem.ts';

/** The manifest of a backup, and what is wrong with it. */
export async function readManifest(
  storage: ObjectStorage,
  object: Pick<StoredObject, 'key'> | null,
  signal: AbortSignal,
): Promise<{ manifest: BackupManifest | null; problems: ErrorData[]; warnings: string[] }> {
  if (object === null) {
    const warning =
      'The backup has no backup_manifest: its files cannot be verified, and whether it was finished is not recorded.';
    return { manifest: null, problems: [], warnings: [warning] };
  }
  const problems: ErrorData[] = [];
  const bytes = await storage.readSmall(object.key, signal);
  const manifest = await attempt(problems, signal, async () => parseBackupManifest(bytes));
  if (manifest !== null && !(await manifestIsIntact(bytes, manifest.checksum))) {
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `${object.key} does not match its own checksum.`,
        'It was edited or damaged. Choose another backup.',
        {
          key: object.key,
        },
      ),
    );
  }
  return { manifest, problems, warnings: [] };
}
