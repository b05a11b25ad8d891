/** CRC-32C (Castagnoli), for files with a checksum in the backup manifest. Here to be compiled with inflate, not a part of it. */

// @ts-ignore: decorator
@inline const CRC32C: usize = 32768; // u32[16][256], see the memory layout in index.ts

let crcTablesReady: bool = false;

function buildCrcTables(): void {
  for (let i: u32 = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f63b78 & (0 - (crc & 1)));
    store<u32>(CRC32C + (<usize>i << 2), crc);
  }
  for (let i: u32 = 256; i < 16 * 256; i++) {
    const before = load<u32>(CRC32C + (<usize>(i - 256) << 2));
    store<u32>(CRC32C + (<usize>i << 2), (before >> 8) ^ load<u32>(CRC32C + (<usize>(before & 255) << 2)));
  }
  crcTablesReady = true;
}

// @ts-ignore: decorator
@inline
function crcOf(table: usize, byte: u64): u32 {
  return load<u32>(CRC32C + (table << 10) + (<usize>(byte & 255) << 2));
}

/** Sixteen bytes a round (slicing); `crc` is that of the bytes before, 0 at the start. */
export function crc32c(crc: u32, at: usize, length: usize): u32 {
  if (!crcTablesReady) buildCrcTables();
  crc = ~crc;
  const end = at + length;
  for (; at + 16 <= end; at += 16) {
    const a = load<u64>(at) ^ <u64>crc;
    const b = load<u64>(at, 8);
    crc =
      crcOf(15, a) ^ crcOf(14, a >> 8) ^ crcOf(13, a >> 16) ^ crcOf(12, a >> 24) ^
      crcOf(11, a >> 32) ^ crcOf(10, a >> 40) ^ crcOf(9, a >> 48) ^ crcOf(8, a >> 56) ^
      crcOf(7, b) ^ crcOf(6, b >> 8) ^ crcOf(5, b >> 16) ^ crcOf(4, b >> 24) ^
      crcOf(3, b >> 32) ^ crcOf(2, b >> 40) ^ crcOf(1, b >> 48) ^ crcOf(0, b >> 56);
  }
  for (; at < end; at++) crc = (crc >> 8) ^ crcOf(0, <u64>(crc ^ load<u8>(at)));
  return ~crc;
}
