/**
 * CRC-32C (Castagnoli). WebAssembly has neither a CRC instruction nor a carry-less product, so long data is first
 * made short with nothing but exclusive or: in the field of this CRC
 *   y^209 = y^144 + y^54 + y^39 + y^14 + 1   with y = x^128
 * (the shortest such sum with six terms, found by search; with four terms it is y^5275, too long to be worth it).
 * A 16-byte word may therefore be left out if it is added to the words 65, 155, 170, 195 and 209 places behind it.
 * What is left of any length are the last 209 words, and those go through tables, sixteen bytes a round.
 *
 * `register` is the CRC's state without the complement at either end.
 */
import { DATA, HISTORY, HISTORY_BYTES, TABLES } from './memory';

export function buildTables(): void {
  for (let i: u32 = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f63b78 & (0 - (crc & 1)));
    store<u32>(TABLES + (<usize>i << 2), crc);
  }
  for (let i: u32 = 256; i < 16 * 256; i++) {
    const before = load<u32>(TABLES + (<usize>(i - 256) << 2));
    store<u32>(TABLES + (<usize>i << 2), (before >> 8) ^ load<u32>(TABLES + (<usize>(before & 255) << 2)));
  }
}

// @ts-ignore: decorator
@inline
function entry(byte: u64): usize {
  return <usize>(byte & 255) << 2;
}

function throughTables(register: u32, at: usize, end: usize): u32 {
  for (; at + 16 <= end; at += 16) {
    const a = load<u64>(at) ^ <u64>register;
    const b = load<u64>(at, 8);
    register =
      load<u32>(entry(a), TABLES + 15 * 1024) ^ load<u32>(entry(a >> 8), TABLES + 14 * 1024) ^
      load<u32>(entry(a >> 16), TABLES + 13 * 1024) ^ load<u32>(entry(a >> 24), TABLES + 12 * 1024) ^
      load<u32>(entry(a >> 32), TABLES + 11 * 1024) ^ load<u32>(entry(a >> 40), TABLES + 10 * 1024) ^
      load<u32>(entry(a >> 48), TABLES + 9 * 1024) ^ load<u32>(entry(a >> 56), TABLES + 8 * 1024) ^
      load<u32>(entry(b), TABLES + 7 * 1024) ^ load<u32>(entry(b >> 8), TABLES + 6 * 1024) ^
      load<u32>(entry(b >> 16), TABLES + 5 * 1024) ^ load<u32>(entry(b >> 24), TABLES + 4 * 1024) ^
      load<u32>(entry(b >> 32), TABLES + 3 * 1024) ^ load<u32>(entry(b >> 40), TABLES + 2 * 1024) ^
      load<u32>(entry(b >> 48), TABLES + 1024) ^ load<u32>(entry(b >> 56), TABLES);
  }
  for (; at < end; at++) register = (register >> 8) ^ load<u32>(entry(<u64>(register ^ load<u8>(at))), TABLES);
  return register;
}

/** For data too short to be folded. */
export function byTables(register: u32, length: usize): u32 {
  return throughTables(register, DATA, DATA + length);
}

// Offsets from the word that lies 209 places before the one that is worked on.
// @ts-ignore: decorator
@inline const B195: usize = 14 * 16;
// @ts-ignore: decorator
@inline const B170: usize = 39 * 16;
// @ts-ignore: decorator
@inline const B155: usize = 54 * 16;
// @ts-ignore: decorator
@inline const B65: usize = 144 * 16;
// @ts-ignore: decorator
@inline const HERE: usize = 209 * 16;

/** Before the first piece. */
export function begin(): void {
  memory.fill(HISTORY, 0, HISTORY_BYTES);
}

/**
 * Takes a piece, whose `length` is a multiple of 16, into the history and destroys it. `register` is that of the bytes
 * before the first piece, and 0 for the others.
 */
export function fold(register: u32, length: usize): void {
  store<u32>(DATA, load<u32>(DATA) ^ register);
  let from = HISTORY;
  const end = from + length;
  // Two words a round are a tenth faster than one; more gain nothing.
  for (; from + 32 <= end; from += 32) {
    const far = v128.xor(v128.load(from), v128.load(from, B195));
    const middle = v128.xor(v128.load(from, B170), v128.load(from, B155));
    const near = v128.xor(v128.load(from, B65), v128.load(from, HERE));
    v128.store(from, v128.xor(v128.xor(far, middle), near), HERE);
    const nextFar = v128.xor(v128.load(from, 16), v128.load(from, B195 + 16));
    const nextMiddle = v128.xor(v128.load(from, B170 + 16), v128.load(from, B155 + 16));
    const nextNear = v128.xor(v128.load(from, B65 + 16), v128.load(from, HERE + 16));
    v128.store(from, v128.xor(v128.xor(nextFar, nextMiddle), nextNear), HERE + 16);
  }
  if (from < end) {
    const far = v128.xor(v128.load(from), v128.load(from, B195));
    const middle = v128.xor(v128.load(from, B170), v128.load(from, B155));
    const near = v128.xor(v128.load(from, B65), v128.load(from, HERE));
    v128.store(from, v128.xor(v128.xor(far, middle), near), HERE);
  }
  memory.copy(HISTORY, HISTORY + length, HISTORY_BYTES);
}

/** The register after the last piece. */
export function finish(): u32 {
  // The last 209 words stay, so none of them may have been added to another; taken back from the last one on.
  for (let word: usize = 208; word >= 65; word--) {
    const at = HISTORY + word * 16;
    let sum = v128.xor(v128.load(at), v128.load(at - 65 * 16));
    if (word >= 155) sum = v128.xor(sum, v128.load(at - 155 * 16));
    if (word >= 170) sum = v128.xor(sum, v128.load(at - 170 * 16));
    if (word >= 195) sum = v128.xor(sum, v128.load(at - 195 * 16));
    v128.store(at, sum);
  }
  return throughTables(0, HISTORY, DATA);
}
