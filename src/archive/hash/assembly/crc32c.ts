/**
 * CRC-32C (Castagnoli). WebAssembly has neither a CRC instruction nor a carry-less product, so long data is first
 * made short with nothing but exclusive or: in the field of this CRC
 *   y^209 = y^144 + y^54 + y^39 + y^14 + 1   with y = x^128
 * (the shortest such sum with six terms, found by search; with four terms it is y^5275, too long to be worth it).
 * A 16-byte word may therefore be left out if it is added to the words 65, 155, 170, 195 and 209 places behind it.
 * What is left of any length are the last 209 words, and those go through tables.
 */
import { PIECE_BYTES, TABLES_C } from './memory';
import { scratch } from './scratch';
import { fillTables, throughTables } from './tables';

// @ts-ignore: decorator
@inline const HISTORY_BYTES: usize = 209 * 16;

export function buildTablesC(): void {
  fillTables(TABLES_C, 0x82f63b78);
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

/** Adds what the word at `from + HERE` gets from those before it to the word of the data. */
// @ts-ignore: decorator
@inline
function foldWord(from: usize, word: v128): void {
  const far = v128.xor(v128.load(from), v128.load(from, B195));
  const middle = v128.xor(v128.load(from, B170), v128.load(from, B155));
  v128.store(from, v128.xor(v128.xor(far, middle), v128.xor(v128.load(from, B65), word)), HERE);
}

/** The register after the `length` bytes at `at`, a multiple of 16, which stay as they are. */
function folded(register: u32, at: usize, length: usize): u32 {
  const history = scratch;
  for (let i: usize = 0; i < HISTORY_BYTES; i += 16) v128.store(history + i, i64x2.splat(0));
  // The oldest word is added to the first word of the data and to no other.
  store<u32>(history, register);
  for (const end = at + length; at < end; ) {
    const bytes = min<usize>(end - at, PIECE_BYTES);
    let from = history;
    const stop = from + bytes;
    // Two words a round are a tenth faster than one; more gain nothing.
    for (; from + 32 <= stop; from += 32, at += 32) {
      foldWord(from, v128.load(at));
      foldWord(from + 16, v128.load(at, 16));
    }
    if (from < stop) {
      foldWord(from, v128.load(at));
      at += 16;
    }
    // V8 does memory.copy by a call, and in shared memory word by word.
    for (let i: usize = 0; i < HISTORY_BYTES; i += 16) v128.store(history + i, v128.load(history + bytes + i));
  }
  // The last 209 words stay, so none of them may have been added to another; taken back from the last one on.
  for (let word: usize = 208; word >= 65; word--) {
    const to = history + word * 16;
    let sum = v128.xor(v128.load(to), v128.load(to - 65 * 16));
    if (word >= 155) sum = v128.xor(sum, v128.load(to - 155 * 16));
    if (word >= 170) sum = v128.xor(sum, v128.load(to - 170 * 16));
    if (word >= 195) sum = v128.xor(sum, v128.load(to - 195 * 16));
    v128.store(to, sum);
  }
  return throughTables(TABLES_C, 0, history, history + HISTORY_BYTES);
}

/** The CRC of the `length` bytes at `at`; `crc` is that of the bytes before them, 0 at the start. */
export function crc32c(crc: u32, at: usize, length: usize): u32 {
  let register = ~crc;
  // Folding ends with 209 words that go through tables: it gains nothing for less than about twice as much.
  if (length >= 2 * HISTORY_BYTES) {
    const bytes = length & ~15;
    register = folded(register, at, bytes);
    at += bytes;
    length -= bytes;
  }
  return ~throughTables(TABLES_C, register, at, at + length);
}
