/**
 * CRCs of 32 bits at memory speed. WebAssembly has neither a CRC instruction nor a carry-less product, so long data is
 * first made short with nothing but exclusive or. With y = x^128 there are sums in the fields of the two CRCs,
 *   CRC-32C (Castagnoli)       y^209 = y^144 + y^54 + y^39 + y^14 + 1
 *   CRC-32 (gzip, RFC 1952)    y^203 = y^186 + y^123 + y^85 + y^79 + 1
 * each the shortest with six terms, found by search (with four terms Castagnoli has y^5275, too long to be worth it).
 * A 16-byte word may therefore be left out if it is added to five words behind it: of CRC-32C those 65, 155, 170, 195
 * and 209 places behind, of CRC-32 those 17, 80, 118, 124 and 203. What is left of any length are the last 209 or 203
 * words, and those go through tables.
 *
 * The type parameter chooses the CRC, i32 for CRC-32C and u32 for CRC-32: offsets must be known when this is compiled.
 */
import { PIECE_BYTES, TABLES, TABLES_C } from './memory';
import { scratch } from './scratch';
import { throughTables } from './tables';

/** Adds to the word of the data what it gets from those before it; `from` is the oldest of them. */
// @ts-ignore: decorator
@inline
function foldWord<CRC>(from: usize, word: v128): void {
  const far = v128.xor(v128.load(from), v128.load(from, isSigned<CRC>() ? 14 * 16 : 79 * 16));
  const middle = v128.xor(
    v128.load(from, isSigned<CRC>() ? 39 * 16 : 85 * 16),
    v128.load(from, isSigned<CRC>() ? 54 * 16 : 123 * 16),
  );
  const near = v128.xor(v128.load(from, isSigned<CRC>() ? 144 * 16 : 186 * 16), word);
  v128.store(from, v128.xor(v128.xor(far, middle), near), isSigned<CRC>() ? 209 * 16 : 203 * 16);
}

/** The register after the `length` bytes at `at`, a multiple of 16, which stay as they are. */
function folded<CRC>(register: u32, at: usize, length: usize): u32 {
  const history = scratch;
  const words: usize = isSigned<CRC>() ? 209 : 203;
  const historyBytes = words * 16;
  for (let i: usize = 0; i < historyBytes; i += 16) v128.store(history + i, i64x2.splat(0));
  // The oldest word is added to the first word of the data and to no other.
  store<u32>(history, register);
  for (const end = at + length; at < end; ) {
    const bytes = min<usize>(end - at, PIECE_BYTES);
    let from = history;
    const stop = from + bytes;
    // Two words a round are a tenth faster than one; more gain nothing.
    for (; from + 32 <= stop; from += 32, at += 32) {
      foldWord<CRC>(from, v128.load(at));
      foldWord<CRC>(from + 16, v128.load(at, 16));
    }
    if (from < stop) {
      foldWord<CRC>(from, v128.load(at));
      at += 16;
    }
    // V8 does memory.copy by a call, and in shared memory word by word.
    for (let i: usize = 0; i < historyBytes; i += 16) v128.store(history + i, v128.load(history + bytes + i));
  }
  // The last words stay, so none of them may have been added to another; taken back from the last one on.
  const near: usize = isSigned<CRC>() ? 65 : 17;
  for (let word = words - 1; word >= near; word--) {
    takeBack(history, word, near);
    if (word >= <usize>(isSigned<CRC>() ? 155 : 80)) takeBack(history, word, isSigned<CRC>() ? 155 : 80);
    if (word >= <usize>(isSigned<CRC>() ? 170 : 118)) takeBack(history, word, isSigned<CRC>() ? 170 : 118);
    if (word >= <usize>(isSigned<CRC>() ? 195 : 124)) takeBack(history, word, isSigned<CRC>() ? 195 : 124);
  }
  return throughTables(isSigned<CRC>() ? TABLES_C : TABLES, 0, history, history + historyBytes);
}

// @ts-ignore: decorator
@inline
function takeBack(history: usize, word: usize, distance: usize): void {
  const to = history + word * 16;
  v128.store(to, v128.xor(v128.load(to), v128.load(to - distance * 16)));
}

/** The CRC of the `length` bytes at `at`; `crc` is that of the bytes before them, 0 at the start. */
export function crcOf<CRC>(crc: u32, at: usize, length: usize): u32 {
  let register = ~crc;
  // Folding ends with words that go through tables: it gains nothing for less than about twice as many.
  if (length >= 2 * 209 * 16) {
    const bytes = length & ~15;
    register = folded<CRC>(register, at, bytes);
    at += bytes;
    length -= bytes;
  }
  return ~throughTables(isSigned<CRC>() ? TABLES_C : TABLES, register, at, at + length);
}
