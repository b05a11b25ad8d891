import { isLsn } from '../../postgres/lsn.ts';
import { readBytes } from '../../storage/object-reader.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';

/** What a listing takes from a manifest without reading all of it: a large cluster's has many megabytes. */
export interface ManifestEnds {
  /** From version 2 (PostgreSQL 17) on. */
  readonly systemIdentifier: string | null;
  /** End of the newest range of WAL. */
  readonly endLsn: string | null;
  readonly endTimeline: number | null;
  /** Whether base.tar holds the WAL (`-X fetch`); null when names are in hex only. */
  readonly walInBase: boolean | null;
}

const headBytes = 1024;
/** Behind the last files: the ranges of WAL. @unit bytes */
export const manifestTailBytes = 16 * 1024;

async function textOf(
  storage: ObjectStorage,
  object: StoredObject,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<string> {
  return new TextDecoder().decode(await readBytes(storage, object, { from, to }, signal));
}

export async function readManifestEnds(
  storage: ObjectStorage,
  object: StoredObject,
  signal: AbortSignal,
): Promise<ManifestEnds> {
  const { sizeBytes } = object;
  const head = await textOf(storage, object, 0, Math.min(sizeBytes, headBytes), signal);
  const tail = await textOf(storage, object, Math.max(0, sizeBytes - manifestTailBytes), sizeBytes, signal);
  return manifestEndsOf(head, tail);
}

/** From the first and the last kilobytes of a manifest. */
export function manifestEndsOf(head: string, tail: string): ManifestEnds {
  const [, ranges] = /"WAL-Ranges":\s*\[([\s\S]*?)\]\s*,\s*"Manifest-Checksum"/.exec(tail) ?? [];
  // Newest timeline first, as the server writes them.
  const [, timeline, endLsn] = /"Timeline":\s*(\d+),[^}]*"End-LSN":\s*"([^"]+)"/.exec(ranges ?? '') ?? [];
  const isValid = endLsn !== undefined && isLsn(endLsn);
  return {
    systemIdentifier: /"System-Identifier":\s*(\d{1,20})/.exec(head)?.[1] ?? null,
    endLsn: isValid ? endLsn : null,
    endTimeline: isValid ? Number(timeline) : null,
    // The server lists its status files last.
    walInBase: /"pg_wal\/archive_status\/[0-9A-F]{24}\.done"/.test(tail)
      ? true
      : /"Path":/.test(tail)
        ? false
        : null,
  };
}
