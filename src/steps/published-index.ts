import { posix } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { SeekIndex } from '../archive/seek-index.ts';
import type { ArchiveObject } from '../backup/base-backup.ts';
import { errorCode, isAbort } from '../errors/odo-error.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

/** An index has at most 256 points of about 45 KB. @unit bytes */
const maxIndexBytes = 64 * 1024 * 1024;

/**
 * Beside the archive, in a folder of its own: barman takes every object that begins with the archive's name for a part
 * of it.
 */
export const indexKey = ({ key }: Pick<ArchiveObject, 'key'>): string =>
  posix.join(posix.dirname(key), 'odo-index', `${posix.basename(key)}.json.gz`);

export async function publishIndex(
  storage: ObjectStorage,
  archive: ArchiveObject,
  index: SeekIndex,
  signal: AbortSignal,
): Promise<void> {
  const bytes = await promisify(gzip)(JSON.stringify(index));
  await storage.writeSmall(indexKey(archive), bytes, signal);
}

/** Null when there is none, or none that can be read: a restore without it is only slower. */
export async function readPublishedIndex(
  storage: ObjectStorage,
  archive: ArchiveObject,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const bytes = await storage.readSmall(indexKey(archive), signal);
    const text = await promisify(gunzip)(bytes, { maxOutputLength: maxIndexBytes });
    return JSON.parse(text.toString('utf8'));
  } catch (error) {
    if (isAbort(error) || signal.aborted || errorCode(error) === 'STORAGE_UNAVAILABLE') throw error;
    return null;
  }
}
