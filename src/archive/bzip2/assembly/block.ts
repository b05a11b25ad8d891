/** One block up to the bytes before its runs are undone. What is refused follows bzip2 (decompress.c). */
import { bits, bitsSince, isOverrun, left, next, read, refill, setBits, startBits } from './bits';
import { buildTable, longCode } from './huffman';
import {
  base,
  COLUMN,
  LENGTHS,
  MAX_BLOCK,
  MAX_CODE_LENGTH,
  MAX_SELECTORS,
  RECENT,
  ROTATIONS,
  SELECTORS,
  TABLE_BITS,
  TABLES,
} from './layout';
import { fetchFar } from './recent';
import { undoSorting } from './rotations';

// ---- results
// @ts-ignore: decorator
@inline const DONE: i32 = 0;
// @ts-ignore: decorator
@inline const NEED_INPUT: i32 = 1;
// @ts-ignore: decorator
@inline const RANDOMISED: i32 = -1;
// @ts-ignore: decorator
@inline const BAD_ORIGIN: i32 = -2;
// @ts-ignore: decorator
@inline const BAD_SYMBOLS: i32 = -3;
// @ts-ignore: decorator
@inline const BAD_TABLES: i32 = -4;
// @ts-ignore: decorator
@inline const BAD_SELECTORS: i32 = -5;
// @ts-ignore: decorator
@inline const BAD_CODE_LENGTHS: i32 = -6;
// @ts-ignore: decorator
@inline const BAD_CODE: i32 = -7;
// @ts-ignore: decorator
@inline const BLOCK_TOO_LONG: i32 = -8;

/** What the block says of its output. */
export let blockCrc: u32 = 0;
/** Before the runs are undone: what a level limits. @unit bytes */
export let blockLength: u32 = 0;
/** Behind the mark that the block begins with. @unit bits */
export let usedBits: u32 = 0;

let symbols: u32 = 0;
let tables: u32 = 0;
let selectors: u32 = 0;

/** The bytes that occur, in order: the list at the beginning. */
function readSymbols(): i32 {
  const groups = read(16);
  let count: u32 = 0;
  for (let group: u32 = 0; group < 16; group++) {
    if (!((groups >> (15 - group)) & 1)) continue;
    const used = read(16);
    for (let i: u32 = 0; i < 16; i++) {
      if ((used >> (15 - i)) & 1) store<u8>(base + RECENT + <usize>(count++), <u8>(group * 16 + i));
    }
  }
  symbols = count + 2;
  return count == 0 ? BAD_SYMBOLS : DONE;
}

/** Which table each group of 50 symbols uses, by a list of its own that is moved to front. */
function readSelectors(): i32 {
  tables = read(3);
  if (tables < 2 || tables > 6) return BAD_TABLES;
  const count = read(15);
  if (count == 0) return BAD_SELECTORS;
  // Some encoders write more than can be of use; bzip2 skips those.
  selectors = min(count, MAX_SELECTORS);
  let order: u32 = 0x543210;
  for (let i: u32 = 0; i < count; i++) {
    let index: u32 = 0;
    while (read(1)) if (++index >= tables) return BAD_SELECTORS;
    const shift = index << 2;
    const table = (order >> shift) & 15;
    const before = order & ((1 << shift) - 1);
    order = (order & ~((1 << (shift + 4)) - 1)) | (before << 4) | table;
    if (i < MAX_SELECTORS) store<u8>(base + SELECTORS + <usize>i, <u8>table);
    if (isOverrun()) return NEED_INPUT;
  }
  return DONE;
}

function readTables(): i32 {
  for (let table: u32 = 0; table < tables; table++) {
    let length = read(5);
    for (let symbol: u32 = 0; symbol < symbols; symbol++) {
      while (true) {
        if (length < 1 || length > MAX_CODE_LENGTH) return BAD_CODE_LENGTHS;
        if (!read(1)) break;
        length += read(1) ? -1 : 1;
        if (isOverrun()) return NEED_INPUT;
      }
      store<u8>(base + LENGTHS + <usize>symbol, <u8>length);
    }
    if (!buildTable(table, symbols)) return BAD_CODE_LENGTHS;
  }
  return DONE;
}

/** Symbols: digits of the length of a run of the byte at the front, or a place in the list, or the end. */
function readColumn(): i32 {
  const column = base + COLUMN;
  const list = base + RECENT;
  const end = column + MAX_BLOCK;
  const endOfBlock = symbols - 1;
  let front = v128.load(list);
  let out = column;
  let run: u32 = 0;
  let digit: u32 = 0;
  let result: i32 = NEED_INPUT;
  let input = next;
  let buffer = bits;
  let count = left;

  for (let group: u32 = 0; group < selectors; group++) {
    const selected = <u32>load<u8>(base + SELECTORS + <usize>group);
    const table = base + TABLES + (<usize>selected << (TABLE_BITS + 1));
    let rest = 50;
    for (; rest > 0; rest--) {
      if (count < MAX_CODE_LENGTH) {
        buffer |= bswap<u64>(load<u64>(input)) >> count;
        input += <usize>((63 - count) >> 3);
        count |= 56;
      }
      let entry = <u32>load<u16>(table + (<usize>(buffer >> (64 - TABLE_BITS)) << 1));
      if (entry == 0) {
        entry = longCode(selected, <u32>(buffer >> (64 - MAX_CODE_LENGTH)));
        if (entry == 0) {
          result = BAD_CODE;
          break;
        }
      }
      buffer <<= <u64>(entry & 31);
      count -= <u64>(entry & 31);
      const symbol = entry >> 5;
      if (symbol <= 1) {
        run += (symbol + 1) << digit;
        // A longer number than this is longer than any block.
        if (++digit > 20) {
          result = BLOCK_TOO_LONG;
          break;
        }
        continue;
      }
      if (digit != 0) {
        if (<usize>run > end - out) {
          result = BLOCK_TOO_LONG;
          break;
        }
        const pattern = i8x16.splat(<i8>i8x16.extract_lane_u(front, 0));
        const stop = out + run;
        for (let at = out; at < stop; at += 16) v128.store(at, pattern);
        out = stop;
        run = 0;
        digit = 0;
      }
      if (symbol == endOfBlock) {
        result = DONE;
        break;
      }
      if (out >= end) {
        result = BLOCK_TOO_LONG;
        break;
      }
      const index = symbol - 1;
      if (index < 16) {
        front = i8x16.swizzle(front, v128.load(base + ROTATIONS + (<usize>index << 4)));
      } else {
        v128.store(list, front);
        fetchFar(index);
        front = v128.load(list);
      }
      store<u8>(out++, <u8>i8x16.extract_lane_u(front, 0));
    }
    if (rest > 0) break;
    setBits(buffer, count, input);
    if (isOverrun()) return NEED_INPUT;
    // Groups without a selector are as damaged as selectors without a table.
    if (group + 1 == selectors) result = BAD_SELECTORS;
  }
  setBits(buffer, count, input);
  blockLength = <u32>(out - column);
  return result;
}

function readBlock(): i32 {
  blockCrc = read(32);
  if (read(1)) return RANDOMISED;
  const origin = read(24);
  let result = readSymbols();
  if (result == DONE) result = readSelectors();
  if (result == DONE) result = readTables();
  if (result == DONE) result = readColumn();
  if (result != DONE) return result;
  if (isOverrun()) return NEED_INPUT;
  if (origin >= blockLength) return BAD_ORIGIN;
  undoSorting(blockLength, origin);
  return DONE;
}

/**
 * Decodes the block whose mark ends `bit` bits behind the start of the input, which ends at `end`. NEED_INPUT when
 * it goes on behind the end.
 */
export function decodeBlock(start: usize, bit: u32, end: usize): i32 {
  startBits(start, bit, end);
  const result = readBlock();
  usedBits = bitsSince(start) - bit;
  // What lies behind the end is not the block's, whatever it looked like.
  return isOverrun() ? NEED_INPUT : result;
}
