import { errorCode } from '../../errors/odo-error.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { metadataKey } from './layout.ts';

/** What `wal-g backup-mark` changes: it rewrites metadata.json and not the sentinel. Null when that does not say. */
export async function readPermanentMark(
  storage: ObjectStorage,
  folder: string,
  signal: AbortSignal,
): Promise<boolean | null> {
  try {
    const text = new TextDecoder().decode(await storage.readSmall(metadataKey(folder), signal));
    const metadata: unknown = JSON.parse(text);
    const mark = (metadata as { is_permanent?: unknown } | null)?.is_permanent;
    return typeof mark === 'boolean' ? mark : null;
  } catch (error) {
    // The backup is restored without this object.
    if (error instanceof SyntaxError || errorCode(error) === 'OBJECT_NOT_FOUND') return null;
    throw error;
  }
}
