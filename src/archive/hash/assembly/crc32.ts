/**
 * CRC-32 (gzip, RFC 1952), folded as crc32c.ts says, by the shortest sum with six terms in the field of this CRC:
 *   y^203 = y^186 + y^123 + y^85 + y^79 + 1   with y = x^128
 * so that a word is added to those 17, 80, 118, 124 and 203 places behind it.
 */
import { PIECE_BYTES, TABLES } from './memory';
import { scratch } from './scratch';
import { fillTables, throughTables } from './tables';

// @ts-ignore: decorator
@inline const HISTORY_BYTES: usize = 203 * 16;

export function buildTables(): void {
  fillTables(TABLES, 0xedb88320);
}

// Offsets from the word that lies 203 places before the one that is worked on.
// @ts-ignore: decorator
@inline const B124: usize = 79 * 16;
// @ts-ignore: decorator
@inline const B118: usize = 85 * 16;
// @ts-ignore: decorator
@inline const B80: usize = 123 * 16;
// @ts-ignore: decorator
@inline const B17: usize = 186 * 16;
// @ts-ignore: decorator
@inline const HERE: usize = 203 * 16;

/** Adds what the word at `from + HERE` gets from those before it to the word of the data. */
// @ts-ignore: decorator
@inline
function foldWord(from: usize, word: v128): void {
  const far = v128.xor(v128.load(from), v128.load(from, B124));
  const middle = v128.xor(v128.load(from, B118), v128.load(from, B80));
  v128.store(from, v128.xor(v128.xor(far, middle), v128.xor(v128.load(from, B17), word)), HERE);
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
  // The last 203 words stay, so none of them may have been added to another; taken back from the last one on.
  for (let word: usize = 202; word >= 17; word--) {
    const to = history + word * 16;
    let sum = v128.xor(v128.load(to), v128.load(to - 17 * 16));
    if (word >= 80) sum = v128.xor(sum, v128.load(to - 80 * 16));
    if (word >= 118) sum = v128.xor(sum, v128.load(to - 118 * 16));
    if (word >= 124) sum = v128.xor(sum, v128.load(to - 124 * 16));
    v128.store(to, sum);
  }
  return throughTables(TABLES, 0, history, history + HISTORY_BYTES);
}

/** The CRC of the `length` bytes at `at`; `crc` is that of the bytes before them, 0 at the start. */
export function crc32(crc: u32, at: usize, length: usize): u32 {
  let register = ~crc;
  // Folding ends with 203 words that go through tables: it gains nothing for less than about twice as much.
  if (length >= 2 * HISTORY_BYTES) {
    const bytes = length & ~15;
    register = folded(register, at, bytes);
    at += bytes;
    length -= bytes;
  }
  return ~throughTables(TABLES, register, at, at + length);
}
