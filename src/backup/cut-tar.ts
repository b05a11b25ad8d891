import type { ErrorData } from '../errors/serialize.ts';
import { readBytes } from '../storage/object-reader.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ArchiveObject } from './base-backup.ts';
import { problem } from './problem.ts';

/** An uncompressed tar whose end is missing shows at once; a compressed one only when it is read. */
export async function cutTar(
  storage: ObjectStorage,
  archive: ArchiveObject,
  signal: AbortSignal,
): Promise<ErrorData[]> {
  if (archive.codec !== 'none' || archive.dialect?.mayLackEnd) return [];
  const from = Math.max(0, archive.sizeBytes - 1024);
  const isBlocks = archive.sizeBytes % 512 === 0;
  const end = await readBytes(storage, archive, { from, to: archive.sizeBytes }, signal);
  const isZero = end.every((byte) => byte === 0);
  if (isBlocks && isZero) return [];
  return [
    problem(
      'BACKUP_INCOMPLETE',
      `${archive.key} is cut short: a tar ends with two blocks of zeros, this one does not.`,
      'Its upload failed. Choose another backup.',
      {
        key: archive.key,
      },
    ),
  ];
}
