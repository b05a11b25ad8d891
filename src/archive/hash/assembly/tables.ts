/** CRCs of 32 bits by tables, sixteen bytes a round; `tables` is u32[16][256]. */

export function fillTables(tables: usize, polynomial: u32): void {
  for (let i: u32 = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (polynomial & (0 - (crc & 1)));
    store<u32>(tables + (<usize>i << 2), crc);
  }
  for (let i: u32 = 256; i < 16 * 256; i++) {
    const before = load<u32>(tables + (<usize>(i - 256) << 2));
    store<u32>(tables + (<usize>i << 2), (before >> 8) ^ load<u32>(tables + (<usize>(before & 255) << 2)));
  }
}

// @ts-ignore: decorator
@inline
function entry(tables: usize, table: usize, byte: u64): u32 {
  return load<u32>(tables + (table << 10) + (<usize>(byte & 255) << 2));
}

/** `register` is the CRC's state without the complement at either end. */
// @ts-ignore: decorator
@inline
export function throughTables(tables: usize, register: u32, at: usize, end: usize): u32 {
  for (; at + 16 <= end; at += 16) {
    const a = load<u64>(at) ^ <u64>register;
    const b = load<u64>(at, 8);
    register =
      entry(tables, 15, a) ^ entry(tables, 14, a >> 8) ^ entry(tables, 13, a >> 16) ^ entry(tables, 12, a >> 24) ^
      entry(tables, 11, a >> 32) ^ entry(tables, 10, a >> 40) ^ entry(tables, 9, a >> 48) ^ entry(tables, 8, a >> 56) ^
      entry(tables, 7, b) ^ entry(tables, 6, b >> 8) ^ entry(tables, 5, b >> 16) ^ entry(tables, 4, b >> 24) ^
      entry(tables, 3, b >> 32) ^ entry(tables, 2, b >> 40) ^ entry(tables, 1, b >> 48) ^ entry(tables, 0, b >> 56);
  }
  for (; at < end; at++) register = (register >> 8) ^ entry(tables, 0, <u64>(register ^ load<u8>(at)));
  return register;
}
