import { combineCrc32c, crc32c } from '../../postgres/crc32c.ts';
import type { ContinuedPart, UnfinishedPart } from './segment-scan.ts';

/** Of a record (access/xlogrecord.h, SizeOfXLogRecord). @unit bytes */
const headerBytes = 24;
/** What a scan leaves out of a part's sum, because it may belong to the header. @unit bytes */
const unsummedBytes = 16;
/** Of what is kept. @unit bytes */
const mostKept = 1024 * 1024;

/** Puts the part of a record in one segment behind what came of it before. */
export function joinParts(before: UnfinishedPart, part: ContinuedPart): UnfinishedPart {
  const missing = Math.min(headerBytes - before.header.length, part.bytes);
  const unsummed = part.kept.subarray(missing, Math.min(unsummedBytes, part.bytes));
  const crc = combineCrc32c(
    crc32c(unsummed, before.crc),
    part.crcBehind16,
    Math.max(0, part.bytes - unsummedBytes),
  );
  return {
    lsn: before.lsn,
    header: Buffer.concat([before.header, part.kept.subarray(0, missing)]),
    crc,
    remainingBytes: before.remainingBytes - part.bytes,
    kept:
      before.kept.length === 0 ? before.kept : Buffer.concat([before.kept, part.kept]).subarray(0, mostKept),
  };
}

/** What a complete record's header says, and whether its checksum is right. */
export function readHeader({ header, crc }: UnfinishedPart): { previous: bigint; isIntact: boolean } {
  const bytes = Buffer.from(header);
  return {
    previous: bytes.readBigUInt64LE(8),
    isIntact: crc32c(bytes.subarray(0, 20), crc) === bytes.readUInt32LE(20),
  };
}
