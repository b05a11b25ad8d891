import type { ScanTarget, SegmentScan } from '../../../../src/archive/wal-scan/segment-scan.ts';
import { SegmentScanner } from '../../../../src/archive/wal-scan/segment-scanner.ts';
import type { WalBuilder } from '../../../support/wal-builder.ts';

export interface ScannedSegment extends SegmentScan {
  /** Of every whole record that begins in the segment. */
  readonly lsns: readonly bigint[];
}

/** Reads one segment that a builder wrote, in pieces of a length that fits nothing. */
export async function scanSegment(
  wal: Pick<WalBuilder, 'segmentBytes' | 'systemIdentifier' | 'major'>,
  segment: { readonly number: number; readonly bytes: Uint8Array },
  options: { target?: ScanTarget; fromLsn?: bigint; pieceBytes?: number } = {},
): Promise<ScannedSegment> {
  const scanner = await SegmentScanner.open();
  const lsns: bigint[] = [];
  scanner.onRecord = (lsn) => lsns.push(lsn);
  scanner.begin({
    startLsn: BigInt(segment.number) * BigInt(wal.segmentBytes),
    segmentBytes: wal.segmentBytes,
    serverMajor: wal.major,
    systemIdentifier: String(wal.systemIdentifier),
    fromLsn: options.fromLsn ?? null,
    target: options.target ?? null,
  });
  const { pieceBytes = 100_003 } = options;
  for (let at = 0; at < segment.bytes.length; at += pieceBytes)
    scanner.push(segment.bytes.subarray(at, at + pieceBytes));
  return { ...scanner.end(), lsns };
}
