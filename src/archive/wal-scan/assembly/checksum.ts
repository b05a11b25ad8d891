/**
 * The checksum of a record: CRC-32C of what follows its header, then of the header up to the checksum itself
 * (xloginsert.c, XLogRecordAssemble).
 */
import { crcOf } from '../../hash/assembly/folding';

// @ts-ignore: decorator
@inline
export function crc32c(crc: u32, at: usize, length: usize): u32 {
  return crcOf<i32>(crc, at, length);
}

// @ts-ignore: decorator
@inline
export function isIntact(header: usize, crcOfRest: u32): bool {
  return crc32c(crcOfRest, header, 20) == load<u32>(header, 20);
}
