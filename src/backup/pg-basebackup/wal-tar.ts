import { type LongPageHeader, longPageHeaderBytes, parseLongPageHeader } from '../../postgres/wal-page.ts';
import { isWalSegmentName } from '../../postgres/wal-segment.ts';
import { readBytes } from '../../storage/object-reader.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { Codec } from '../base-backup.ts';
import { type PinnedObject, readDecodedHead } from '../object-head.ts';
import { scanTarHead } from '../tar-head.ts';

const blockBytes = 512;

/** The WAL that pg_basebackup put beside the data. */
export interface WalTar {
  /** Of the first segment; null when there is none within reach. */
  readonly header: LongPageHeader | null;
  /** Names of the segments, as far as the scan came. */
  readonly segments: readonly string[];
  /** True when the scan saw the end of the archive. */
  readonly scannedToEnd: boolean;
}

/** Enough for the status files of the last segment and what `-R` adds behind them. @unit bytes */
const tailBytes = 128 * 1024;

/** Whether an uncompressed base.tar was made with `-X fetch`: then WAL is the last that the server sends (basebackup.c). */
export async function endsWithWal(
  storage: ObjectStorage,
  object: PinnedObject,
  signal: AbortSignal,
): Promise<boolean> {
  const { sizeBytes } = object;
  const from = Math.max(0, Math.floor((sizeBytes - tailBytes) / blockBytes) * blockBytes);
  const tail = Buffer.from(await readBytes(storage, object, { from, to: sizeBytes }, signal));
  for (let at = 0; at + blockBytes <= tail.length; at += blockBytes) {
    const block = tail.subarray(at, at + blockBytes);
    const isHeader = block.toString('latin1', 257, 262) === 'ustar';
    if (isHeader && /^(?:\.\/)?pg_wal\/[^\0]*[0-9A-F]{24}/.test(block.toString('latin1', 0, 100)))
      return true;
  }
  return false;
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
