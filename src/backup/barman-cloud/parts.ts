import type { ErrorData } from '../../errors/serialize.ts';
import type { StoredObject } from '../../storage/object-storage.ts';
import type { ArchiveCandidate } from '../archive-objects.ts';
import type { BaseBackup, Tablespace } from '../base-backup.ts';
import { problem } from '../problem.ts';
import { parsePartName } from './layout.ts';

/** The object as a part of the backup in `folder`; null when it is none. */
export function candidateOf(object: StoredObject, folder: string): ArchiveCandidate | null {
  const name = parsePartName(object.key.slice(folder.length));
  if (name === null) return null;
  const content = name.content === 'data' ? 'data' : { tablespace: name.content };
  return { object, content, part: name.part };
}

export const contentName = (content: ArchiveCandidate['content']): string =>
  typeof content === 'string' ? content : content.tablespace;

/** Parts by number, not by name: past 9999 the numbers get wider. */
export function inRestoreOrder(a: ArchiveCandidate, b: ArchiveCandidate): number {
  const rank = (candidate: ArchiveCandidate) => (candidate.content === 'data' ? 0 : 1);
  const byContent = rank(a) - rank(b) || contentName(a.content).localeCompare(contentName(b.content));
  return byContent || a.part - b.part;
}

/** Parts that names tell to be missing; a missing last one shows only in the tars. */
export function missingParts(
  backup: Pick<BaseBackup, 'folder'>,
  tablespaces: readonly Tablespace[],
  candidates: readonly ArchiveCandidate[],
): ErrorData[] {
  const problems: ErrorData[] = [];
  for (const content of ['data', ...tablespaces.map((tablespace) => tablespace.oid)]) {
    const parts = new Set(
      candidates
        .filter((candidate) => contentName(candidate.content) === content)
        .map((candidate) => candidate.part),
    );
    const last = Math.max(0, ...parts);
    for (let part = 0; part <= last; part += 1) {
      if (parts.has(part)) continue;
      const name = part === 0 ? `${content}.tar` : `${content}_${String(part).padStart(4, '0')}.tar`;
      problems.push(
        problem(
          'BACKUP_INCOMPLETE',
          `${name} (with any compression) is missing in ${backup.folder}.`,
          'It was deleted or never uploaded. Choose another backup: odo backups',
          { folder: backup.folder, content, part },
        ),
      );
      break;
    }
  }
  return problems;
}
