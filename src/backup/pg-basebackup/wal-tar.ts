import { type LongPageHeader, longPageHeaderBytes, parseLongPageHeader } from '../../postgres/wal-page.ts';
import { isWalSegmentName } from '../../postgres/wal-segment.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { Codec } from '../base-backup.ts';
import { type PinnedObject, readDecodedHead } from '../object-head.ts';
import { scanTarHead } from '../tar-head.ts';

/** The WAL that pg_basebackup put beside the data. */
export interface WalTar {
  /** Of the first segment; null when there is none within reach. */
  readonly header: LongPageHeader | null;
  /** Names of the segments, as far as the scan came. */
  readonly segments: readonly string[];
  /** True when the scan saw the end of the archive. */
  readonly scannedToEnd: boolean;
}

/** Looks through pg_wal.tar: all of it within the limit, or with `firstOnly` up to the first segment. */
export async function scanWalTar(
  storage: ObjectStorage,
  object: PinnedObject,
  codec: Codec,
  options: { signal: AbortSignal; limitBytes: number; firstOnly: boolean },
): Promise<WalTar> {
  const segments: string[] = [];
  let header: LongPageHeader | null = null;
  let scannedToEnd = false;
  const chunks = readDecodedHead(storage, object, codec, options);
  const ended = (how: string) => {
    scannedToEnd = how === 'archive';
  };
  for await (const member of scanTarHead(chunks, { headBytes: longPageHeaderBytes, ended })) {
    const name = member.name.replace(/^pg_wal\//, '');
    if (!isWalSegmentName(name)) continue;
    segments.push(name);
    header ??= parseLongPageHeader(member.head);
    if (options.firstOnly) break;
  }
  return { header, segments, scannedToEnd };
}
