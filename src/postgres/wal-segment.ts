import { OdoError } from '../errors/odo-error.ts';

/** Default `wal_segment_size`. @unit bytes */
export const defaultSegmentBytes = 16 * 1024 * 1024;

const segmentPattern = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/;

/** A segment's place: which timeline wrote it and which multiple of the segment size it starts at. */
export interface WalSegment {
  readonly timeline: number;
  /** Start LSN divided by the segment size. */
  readonly number: number;
}

/** Powers of two from 1 MiB to 1 GiB (xlog_internal.h, `IsValidWalSegSize`). */
export function isSegmentSize(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= 2 ** 20 && bytes <= 2 ** 30 && (bytes & (bytes - 1)) === 0;
}

function segmentsPerLog(segmentBytes: number): number {
  if (!isSegmentSize(segmentBytes)) {
    throw new OdoError('FORMAT_UNKNOWN', `${segmentBytes} bytes is not a WAL segment size.`, {
      hint: 'PostgreSQL knows powers of two from 1 MiB to 1 GiB.',
    });
  }
  return 2 ** 32 / segmentBytes;
}

/** 24 upper-case hexadecimal digits (xlog_internal.h, `IsXLogFileName`). */
export function isWalSegmentName(name: string): boolean {
  return segmentPattern.test(name);
}

/** The timeline in a segment's name; null when it is not one. Needs no segment size. */
export function timelineOfName(name: string): number | null {
  return isWalSegmentName(name) ? Number.parseInt(name.slice(0, 8), 16) : null;
}

/**
 * A name read back; null when it is no segment name or cannot exist with that segment size.
 * @throws FORMAT_UNKNOWN for an impossible segment size
 */
export function parseSegmentName(name: string, segmentBytes: number): WalSegment | null {
  const perLog = segmentsPerLog(segmentBytes);
  const [, timeline, log, part] = segmentPattern.exec(name) ?? [];
  if (timeline === undefined || log === undefined || part === undefined) return null;
  const low = Number.parseInt(part, 16);
  if (low >= perLog) return null;
  return { timeline: Number.parseInt(timeline, 16), number: Number.parseInt(log, 16) * perLog + low };
}

const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

/** `TTTTTTTTLLLLLLLLSSSSSSSS` (xlog_internal.h, `XLogFileName`). */
export function segmentName(segment: WalSegment, segmentBytes: number): string {
  const perLog = segmentsPerLog(segmentBytes);
  return hex8(segment.timeline) + hex8(Math.floor(segment.number / perLog)) + hex8(segment.number % perLog);
}

/** The segment that holds the byte at `lsn`. */
export function segmentNumberOf(lsn: bigint, segmentBytes: number): number {
  segmentsPerLog(segmentBytes);
  return Number(lsn / BigInt(segmentBytes));
}

/** First LSN in a segment. */
export function segmentStart(number: number, segmentBytes: number): bigint {
  return BigInt(number) * BigInt(segmentBytes);
}

/**
 * Last segment needed to read up to `end`, which is exclusive: an end exactly on a boundary needs only the
 * segment before it, although `pg_walfile_name()` and barman's `end_wal` name the one after.
 */
export function lastSegmentNumber(begin: bigint, end: bigint, segmentBytes: number): number {
  return segmentNumberOf(end > begin ? end - 1n : begin, segmentBytes);
}

/** Names of every segment that holds a byte of [begin, end) on one timeline, in order. */
export function segmentsOf(timeline: number, begin: bigint, end: bigint, segmentBytes: number): string[] {
  const names: string[] = [];
  const last = lastSegmentNumber(begin, end, segmentBytes);
  for (let number = segmentNumberOf(begin, segmentBytes); number <= last; number += 1) {
    names.push(segmentName({ timeline, number }, segmentBytes));
  }
  return names;
}

/** The following segment on the same timeline; null when `name` is not a segment name. */
export function nextSegmentName(name: string, segmentBytes: number): string | null {
  const segment = parseSegmentName(name, segmentBytes);
  return segment && segmentName({ ...segment, number: segment.number + 1 }, segmentBytes);
}

/** `0000000A.history` (xlog_internal.h, `TLHistoryFileName`). */
export function historyFileName(timeline: number): string {
  return `${hex8(timeline)}.history`;
}
