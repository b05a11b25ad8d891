import type { ErrorData } from '../errors/serialize.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import type { ArchiveObject, Codec } from './base-backup.ts';
import { codecOf, showFirstBytes } from './codec-magic.ts';
import { mapLimited } from './map-limited.ts';
import { readFirstBytes } from './object-head.ts';
import { problem } from './problem.ts';

/** Objects looked into at the same time. */
const looksAtOnce = 8;

/** Storage classes whose objects must be brought back before they can be read. */
export const archivedClasses: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE', 'Archive'];

/** False for what is empty, or must be brought back from cold storage first. */
export const canBeRead = ({ sizeBytes, storageClass }: StoredObject): boolean =>
  sizeBytes > 0 && (storageClass === null || !archivedClasses.includes(storageClass));

export interface ArchiveCandidate {
  readonly object: StoredObject;
  readonly content: ArchiveObject['content'];
  readonly part: number;
}

/** Looks into every tar of a backup and pins it; what cannot be read is said in `problems`. */
export async function examineArchives(
  storage: ObjectStorage,
  candidates: readonly ArchiveCandidate[],
  signal: AbortSignal,
): Promise<{ archives: ArchiveObject[]; problems: ErrorData[] }> {
  const problems: ErrorData[] = [];
  const archives = await mapLimited(candidates, looksAtOnce, async ({ object, content, part }) => {
    const name = object.key.split('/').at(-1) ?? object.key;
    const { key, sizeBytes, etag } = object;
    const archive = (codec: Codec): ArchiveObject => ({ name, key, sizeBytes, etag, codec, content, part });
    if (sizeBytes === 0) {
      problems.push(
        problem('BACKUP_INCOMPLETE', `${key} is empty.`, 'Its upload failed. Choose another backup.', {
          key,
        }),
      );
      return archive('unknown');
    }
    if (object.storageClass !== null && archivedClasses.includes(object.storageClass)) {
      problems.push(
        problem(
          'PRECONDITION_FAILED',
          `${key} lies in the storage class ${object.storageClass} and cannot be read now.`,
          object.storageClass === 'Archive'
            ? `Bring it back first, for example: az storage blob set-tier --tier Hot -n '${key}'`
            : `Bring it back first, for example: aws s3api restore-object --key '${key}' --restore-request Days=3`,
          { key, storageClass: object.storageClass },
        ),
      );
      return archive('unknown');
    }
    const first = await readFirstBytes(storage, object, signal);
    const codec = codecOf(first, key);
    if (codec === 'unknown') {
      problems.push(
        problem(
          'FORMAT_UNKNOWN',
          `${key} is neither a tar nor compressed in a way that odo knows; it begins with ${showFirstBytes(first)}.`,
          'It may be encrypted, or an error page stored in place of the data. Choose another backup.',
          { key },
        ),
      );
    }
    return archive(codec);
  });
  return { archives, problems };
}

/** What the unpacked data needs when nothing recorded it: database files shrink to about a quarter with gzip. */
export function estimateDataBytes(archives: readonly ArchiveObject[]): number {
  return archives
    .filter((archive) => archive.content !== 'wal')
    .reduce((sum, archive) => sum + archive.sizeBytes * (archive.codec === 'none' ? 1 : 4), 0);
}

/** The same tar twice under different endings (`data.tar` and `data.tar.gz`): nobody knows which one counts. */
export function duplicateProblems(candidates: readonly ArchiveCandidate[]): ErrorData[] {
  const seen = new Map<string, string>();
  const problems: ErrorData[] = [];
  for (const { object, content, part } of candidates) {
    const id = JSON.stringify([content, part]);
    const other = seen.get(id);
    if (other !== undefined) {
      problems.push(
        problem(
          'BACKUP_INCOMPLETE',
          `${other} and ${object.key} hold the same part of the backup.`,
          'Remove the one that is not of this backup, or choose another backup.',
          { keys: [other, object.key] },
        ),
      );
    }
    seen.set(id, object.key);
  }
  return problems;
}
