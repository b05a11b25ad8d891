import { formatLsn } from './lsn.ts';
import { majorOfWalMagic } from './server-version.ts';

/** Of every page of a default build, which is the only one that odo reads (XLOG_BLCKSZ). @unit bytes */
export const walPageBytes = 8192;

/** Bytes of a segment's first page that {@link parseLongPageHeader} needs. @unit bytes */
export const longPageHeaderBytes = 40;

/** First page of a WAL segment (xlog_internal.h, `XLogLongPageHeaderData`, little-endian). */
export interface LongPageHeader {
  readonly magic: number;
  /** Null for a magic that odo does not know. */
  readonly serverMajor: number | null;
  /** May be an ancestor's: after a switch inside a segment the child's copy starts with the parent's records. */
  readonly timeline: number;
  /** Start of the segment; equals segment number times segment size. */
  readonly pageLsn: string;
  readonly systemIdentifier: string;
  /** @unit bytes */
  readonly segmentBytes: number;
  /** @unit bytes */
  readonly blockBytes: number;
}

const longHeaderBit = 0x0002;
const knownBits = 0x000f;

/** Null when the bytes are too few or not the beginning of a WAL segment. */
export function parseLongPageHeader(bytes: Uint8Array): LongPageHeader | null {
  if (bytes.length < longPageHeaderBytes) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint16(0, true);
  const info = view.getUint16(2, true);
  if ((magic & 0xfe00) !== 0xd000 || !(info & longHeaderBit) || (info & ~knownBits) !== 0) return null;
  return {
    magic,
    serverMajor: majorOfWalMagic(magic),
    timeline: view.getUint32(4, true),
    pageLsn: formatLsn(view.getBigUint64(8, true)),
    systemIdentifier: view.getBigUint64(24, true).toString(),
    segmentBytes: view.getUint32(32, true),
    blockBytes: view.getUint32(36, true),
  };
}
