/** bzip2's CRC-32: the polynomial of zlib's, highest bit first. Sixteen bytes a step. */
import { base, CRC } from './layout';

export function prepareCrc(): void {
  const tables = base + CRC;
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (<i32>crc < 0 ? 0x04c11db7 : 0);
    store<u32>(tables + (<usize>byte << 2), crc);
  }
  // Table n: of a byte with n zero bytes behind it.
  for (let at: usize = 1024; at < 16384; at += 4) {
    const before = load<u32>(tables + at - 1024);
    store<u32>(tables + at, (before << 8) ^ load<u32>(tables + (<usize>(before >> 24) << 2)));
  }
}

// @ts-ignore: decorator
@inline function word(table: usize, word: u32): u32 {
  return (
    load<u32>(table + 3072 + (<usize>(word >> 24) << 2)) ^
    load<u32>(table + 2048 + (<usize>((word >> 16) & 255) << 2)) ^
    load<u32>(table + 1024 + (<usize>((word >> 8) & 255) << 2)) ^
    load<u32>(table + (<usize>(word & 255) << 2))
  );
}

export function updateCrc(sum: u32, at: usize, end: usize): u32 {
  const tables = base + CRC;
  let crc = sum;
  for (; at + 16 <= end; at += 16) {
    crc =
      word(tables + 12288, crc ^ bswap<u32>(load<u32>(at))) ^
      word(tables + 8192, bswap<u32>(load<u32>(at, 4))) ^
      word(tables + 4096, bswap<u32>(load<u32>(at, 8))) ^
      word(tables, bswap<u32>(load<u32>(at, 12)));
  }
  for (; at < end; at++) {
    crc = (crc << 8) ^ load<u32>(tables + (<usize>((crc >> 24) ^ load<u8>(at)) << 2));
  }
  return crc;
}
