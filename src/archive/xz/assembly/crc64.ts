/** CRC-64 (ECMA-182, lowest bit first), eight bytes a step. */
import { CRC64 } from './layout';

let isPrepared: bool = false;

function prepare(): void {
  for (let byte: u64 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xc96c5795d7870f42 : 0);
    store<u64>(CRC64 + (<usize>byte << 3), crc);
  }
  // Table n: of a byte with n zero bytes behind it.
  for (let at: usize = 2048; at < 16384; at += 8) {
    const before = load<u64>(CRC64 + at - 2048);
    store<u64>(CRC64 + at, (before >> 8) ^ load<u64>(CRC64 + (<usize>(before & 255) << 3)));
  }
  isPrepared = true;
}

// @ts-ignore: decorator
@inline function entry(table: usize, word: u64, shift: u64): u64 {
  return load<u64>(CRC64 + (table << 11) + (<usize>((word >> shift) & 255) << 3));
}

/** Of bytes behind others whose sum is `sum`; 0 for none. */
export function crc64(sum: u64, at: usize, length: usize): u64 {
  if (!isPrepared) prepare();
  const end = at + length;
  let crc = ~sum;
  for (; at + 8 <= end; at += 8) {
    const word = crc ^ load<u64>(at);
    crc =
      entry(7, word, 0) ^
      entry(6, word, 8) ^
      entry(5, word, 16) ^
      entry(4, word, 24) ^
      entry(3, word, 32) ^
      entry(2, word, 40) ^
      entry(1, word, 48) ^
      entry(0, word, 56);
  }
  for (; at < end; at++) crc = (crc >> 8) ^ entry(0, crc ^ load<u8>(at), 0);
  return ~crc;
}
