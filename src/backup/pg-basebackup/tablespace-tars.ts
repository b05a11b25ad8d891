import { isReadable } from '../../archive/open-decoder.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import { majorOfTablespaceFolder } from '../../postgres/server-version.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { attempt } from '../attempt.ts';
import type { ArchiveObject } from '../base-backup.ts';
import { problem } from '../problem.ts';
import { firstMemberOf } from './tar-labels.ts';

/**
 * A tablespace's tar begins with its version's folder (basebackup.c, `sendTablespace`). One that does not was renamed,
 * or is of another backup: without a manifest nothing else would tell.
 */
export async function foreignTablespaceTars(
  storage: ObjectStorage,
  archives: readonly ArchiveObject[],
  serverMajor: number | null,
  signal: AbortSignal,
): Promise<ErrorData[]> {
  const problems: ErrorData[] = [];
  for (const archive of archives) {
    if (typeof archive.content === 'string' || !isReadable(archive.codec)) continue;
    const seen = await attempt(problems, signal, async () => ({
      first: await firstMemberOf(storage, archive, archive.codec, signal),
    }));
    if (seen === null) continue;
    const major = majorOfTablespaceFolder(seen.first?.split('/')[0] ?? '');
    if (major !== null && (serverMajor === null || major === serverMajor)) continue;
    const found =
      seen.first === null
        ? 'it is empty'
        : major === null
          ? `it begins with ${seen.first}`
          : `it is of PostgreSQL ${major}, and the backup of ${serverMajor}`;
    problems.push(
      problem(
        'BACKUP_INCOMPLETE',
        `${archive.key} is not a tablespace of this backup: ${found}.`,
        'It was renamed, or copied from elsewhere. Upload the right one, or choose another backup: odo backups',
        { key: archive.key, first: seen.first },
      ),
    );
  }
  return problems;
}
