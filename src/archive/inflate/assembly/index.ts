/**
 * Raw inflate (RFC 1951) that can stop and be saved at the end of any call. AssemblyScript, not TypeScript:
 * compiled by ../build.ts, wrapped by ../gzip-decoder.ts.
 *
 * The loop is libdeflate's: 64-bit bit buffer, refill by one unaligned load without a branch. Three additions: the
 * literal table packs up to two literals and a match length into one entry, matches are copied with 16-byte vectors,
 * and what each symbol waits for is kept short (see `decodeSymbols`). Which streams are refused follows zlib (inflate.c,
 * inftrees.c).
 *
 * It stops only between symbols: an incomplete symbol, or a block header whose end has not arrived, is given back
 * whole, so `inPos` may lie up to about 300 bytes before the end of the input. State that outlives a call is the
 * exported globals, the code lengths and the history before `outPos`; tables are rebuilt from the lengths.
 * Longer than other files: all parts share the memory layout and the state in globals, and the two symbol loops
 * must be read side by side.
 */

// ---- memory: fixed addresses, so that table loads carry them as immediates. Static data lies below 4096.
// @ts-ignore: decorator
@inline const LITLEN: usize = 4096; // u64[1536]: 1024 + subtables; 1334 is the most that 288 symbols need
// @ts-ignore: decorator
@inline const DIST: usize = 16384; // u64[512]: 256 + subtables; 402 at most
// @ts-ignore: decorator
@inline const LENGTHS: usize = 26624; // u8[512]: literal/length code lengths, then distance code lengths
// @ts-ignore: decorator
@inline const PRECODE: usize = 27136; // u16[128]
// @ts-ignore: decorator
@inline const SORTED: usize = 27648; // u16[288]
// @ts-ignore: decorator
@inline const COUNTS: usize = 28672; // u32[16]
// @ts-ignore: decorator
@inline const STARTS: usize = 28736; // u32[17]
// @ts-ignore: decorator
@inline const PRECODE_LENGTHS: usize = 28928; // u8[19]
// Four pages belong to the module that sums up the output where it lies (hash/assembly/memory.ts).
// @ts-ignore: decorator
@inline const RESERVED: usize = 4 * 65536;
/** From here on memory belongs to the caller: input, output. */
export const buffersAt: usize = 65536 + RESERVED;
export const codeLengthsAt: usize = LENGTHS;
/** Writes may go this far past `outLimit` (a whole match plus what vector stores overshoot). */
export const outputSlack: usize = 1024;

export function staticDataEnd(): usize {
  return __heap_base;
}

// ---- results of `run` and `rebuildTables`
// @ts-ignore: decorator
@inline const NEED_INPUT: i32 = 0;
// @ts-ignore: decorator
@inline const OUTPUT_FULL: i32 = 1;
// @ts-ignore: decorator
@inline const FINISHED: i32 = 2;
// @ts-ignore: decorator
@inline const BAD_BLOCK_TYPE: i32 = -1;
// @ts-ignore: decorator
@inline const BAD_STORED_LENGTH: i32 = -2;
// @ts-ignore: decorator
@inline const BAD_CODE_LENGTHS: i32 = -3;
// @ts-ignore: decorator
@inline const BAD_SYMBOL: i32 = -4;
// @ts-ignore: decorator
@inline const BAD_DISTANCE: i32 = -5;

// ---- state between calls
// @ts-ignore: decorator
@inline const HEADER: i32 = 0;
// @ts-ignore: decorator
@inline const STORED: i32 = 1;
// @ts-ignore: decorator
@inline const CODES: i32 = 2;
// @ts-ignore: decorator
@inline const DONE: i32 = 3;

export let mode: i32 = HEADER;
export let isLastBlock: i32 = 0;
/** 1: the fixed codes of RFC 1951 3.2.6; 0: those in `codeLengthsAt`. */
export let isFixed: i32 = 0;
export let storedLeft: i32 = 0;
export let literalCount: i32 = 0;
export let distanceCount: i32 = 0;
/** Fewer than 8 bits of the last byte taken that belong to what follows. */
export let pendingBits: i32 = 0;
export let pendingCount: i32 = 0;
export let inPos: usize = 0;
export let outPos: usize = 0;

/** What the tables hold: avoids building the fixed ones for every fixed block. */
let tablesAreFixed: bool = false;
let bitBuffer: u64 = 0;
let bitCount: u64 = 0;

// ---- literal/length entries (u64)
//  0-5  bits to consume in all        8-13 the same without extra bits (subtable pointer: its index bits)
// 16-31 literals, first one low       32-47 match length base (subtable pointer: byte offset from LITLEN)
// 48-49 number of literals            50-53 code length of the first literal
// @ts-ignore: decorator
@inline const LITERAL: u64 = 1 << 63; // literals only, no match; as the sign it is tested most cheaply
// @ts-ignore: decorator
@inline const EXCEPTIONAL: u64 = 1 << 15;
// @ts-ignore: decorator
@inline const SUBTABLE: u64 = 1 << 14;
// @ts-ignore: decorator
@inline const END_OF_BLOCK: u64 = 1 << 7;
// Ten bits rather than eleven: fewer pairs of literals, but half of the table to build for each block.
// @ts-ignore: decorator
@inline const LITLEN_BITS: u32 = 10;
// @ts-ignore: decorator
@inline const LITLEN_MASK: u64 = 1023;

// ---- distance entries (u64, as wide as the others, so that one shift of the bits serves both indexes)
//  0-5  bits to consume   8-11 the same without extra bits (subtable: index bits)   16-31 base (subtable: byte offset)
// @ts-ignore: decorator
@inline const DIST_EXCEPTIONAL: u64 = 1 << 15;
// @ts-ignore: decorator
@inline const DIST_SUBTABLE: u64 = 1 << 14;
// @ts-ignore: decorator
@inline const DIST_BITS: u32 = 8;
// @ts-ignore: decorator
@inline const DIST_MASK: u64 = 255;

const LENGTH_BASE: usize = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
const LENGTH_EXTRA: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const DIST_BASE: usize = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]);
const DIST_EXTRA: usize = memory.data<u8>([
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]);
const PRECODE_ORDER: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);
/** For a distance below 16: shuffle that repeats the first `distance` bytes, and the stride between stores. */
const PATTERNS: usize = memory.data(256, 16);
const STRIDES: usize = memory.data(16);

for (let distance: usize = 1; distance < 16; distance++) {
  for (let i: usize = 0; i < 16; i++) store<u8>(PATTERNS + distance * 16 + i, <u8>(i % distance));
  store<u8>(STRIDES + distance, <u8>(16 - (16 % distance)));
}

/** Before the first block of a member. */
export function reset(): void {
  mode = HEADER;
  isLastBlock = 0;
  pendingBits = 0;
  pendingCount = 0;
}

// ---- bytes. V8 does memory.copy and memory.fill by a call, and in shared memory word by word.

/** Of places that do not overlap. */
// @ts-ignore: decorator
@inline
function copyBytes(to: usize, from: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < bytes; i++) store<u8>(to + i, load<u8>(from + i));
}

/** Up to 15 bytes behind the end are overwritten as well. */
// @ts-ignore: decorator
@inline
function fillBytes(to: usize, value: u8, bytes: usize): void {
  const all = i8x16.splat(<i8>value);
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, all);
}

// ---- tables

// @ts-ignore: decorator
@inline
function litlenEntry(symbol: u32, length: u32): u64 {
  const bits = <u64>length;
  if (symbol < 256) {
    return LITERAL | (<u64>1 << 48) | (bits << 50) | (<u64>symbol << 16) | (bits << 8) | bits;
  }
  if (symbol == 256) return EXCEPTIONAL | END_OF_BLOCK | (bits << 8) | bits;
  // 286 and 287 take part in the fixed code but never occur (RFC 1951 3.2.6)
  if (symbol > 285) return EXCEPTIONAL | (bits << 8) | bits;
  const base = <u64>load<u16>(LENGTH_BASE + ((symbol - 257) << 1));
  const extra = <u64>load<u8>(LENGTH_EXTRA + (symbol - 257));
  return (base << 32) | (bits << 8) | (bits + extra);
}

// @ts-ignore: decorator
@inline
function distEntry(symbol: u32, length: u32): u64 {
  const bits = <u64>length;
  if (symbol > 29) return DIST_EXCEPTIONAL | (bits << 8) | bits;
  const base = <u64>load<u16>(DIST_BASE + (symbol << 1));
  return (base << 16) | (bits << 8) | (bits + <u64>load<u8>(DIST_EXTRA + symbol));
}

// @ts-ignore: decorator
@inline const KIND_PRECODE: i32 = 0;
// @ts-ignore: decorator
@inline const KIND_LITLEN: i32 = 1;
// @ts-ignore: decorator
@inline const KIND_DIST: i32 = 2;

// @ts-ignore: decorator
@inline
function putEntry(kind: i32, index: u32, symbol: u32, length: u32): void {
  if (kind == KIND_LITLEN) store<u64>(LITLEN + (<usize>index << 3), litlenEntry(symbol, length));
  else if (kind == KIND_DIST) store<u64>(DIST + (<usize>index << 3), distEntry(symbol, length));
  else store<u16>(PRECODE + (<usize>index << 1), <u16>((symbol << 8) | length));
}

// @ts-ignore: decorator
@inline
function putSubtable(kind: i32, index: u32, start: u32, indexBits: u32): void {
  if (kind == KIND_LITLEN) {
    store<u64>(
      LITLEN + (<usize>index << 3),
      EXCEPTIONAL | SUBTABLE | (<u64>start << (32 + 3)) | (<u64>indexBits << 8) | LITLEN_BITS,
    );
  } else {
    store<u64>(
      DIST + (<usize>index << 3),
      DIST_EXCEPTIONAL | DIST_SUBTABLE | (<u64>start << (16 + 3)) | (<u64>indexBits << 8) | DIST_BITS,
    );
  }
}

// @ts-ignore: decorator
@inline
function doubleTable(kind: i32, entries: u32): void {
  if (kind == KIND_LITLEN) copyBytes(LITLEN + (<usize>entries << 3), LITLEN, <usize>entries << 3);
  else if (kind == KIND_DIST) copyBytes(DIST + (<usize>entries << 3), DIST, <usize>entries << 3);
  else copyBytes(PRECODE + (<usize>entries << 1), PRECODE, <usize>entries << 1);
}

/** An invalid entry has length 1, so that it is an error only once the bit that selects it has arrived. */
function fillInvalid(kind: i32, tableBits: u32): void {
  const entries: u32 = 1 << tableBits;
  for (let i: u32 = 0; i < entries; i++) {
    if (kind == KIND_LITLEN) store<u64>(LITLEN + (<usize>i << 3), EXCEPTIONAL | (1 << 8) | 1);
    else store<u64>(DIST + (<usize>i << 3), DIST_EXCEPTIONAL | (1 << 8) | 1);
  }
}

/**
 * Canonical Huffman decode table from code lengths; false for a code that zlib refuses: over-subscribed, or
 * incomplete except for one single code of length 1 (and, for distances, no code at all).
 */
// @ts-ignore: decorator
@inline
function buildTable(kind: i32, lengths: usize, symbols: u32, tableBits: u32, maxLength: u32): bool {
  fillBytes(COUNTS, 0, 64);
  for (let i: u32 = 0; i < symbols; i++) {
    const at = COUNTS + (<usize>load<u8>(lengths + i) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  const used = symbols - load<u32>(COUNTS);
  let left: i32 = 1;
  let start: u32 = 0;
  for (let length: u32 = 1; length <= maxLength; length++) {
    const count = load<u32>(COUNTS + (<usize>length << 2));
    store<u32>(STARTS + (<usize>length << 2), start);
    start += count;
    left = (left << 1) - <i32>count;
    if (left < 0) return false;
  }
  for (let i: u32 = 0; i < symbols; i++) {
    const length = load<u8>(lengths + i);
    if (length == 0) continue;
    const at = STARTS + (<usize>length << 2);
    const place = load<u32>(at);
    store<u16>(SORTED + (<usize>place << 1), <u16>i);
    store<u32>(at, place + 1);
  }
  if (left > 0) {
    if (kind == KIND_PRECODE) return false;
    if (used > 1 || (used == 1 && load<u32>(COUNTS, 4) != 1)) return false;
    fillInvalid(kind, tableBits);
    if (used == 1) {
      const symbol = <u32>load<u16>(SORTED);
      for (let i: u32 = 0; i < <u32>1 << tableBits; i += 2) putEntry(kind, i, symbol, 1);
    }
    return true;
  }

  // Codewords in bit-reversed order; the table doubles whenever the length grows (libdeflate).
  let next: usize = SORTED;
  let length: u32 = 1;
  let count = load<u32>(COUNTS, 4);
  while (count == 0) count = load<u32>(COUNTS + (<usize>++length << 2));
  let codeword: u32 = 0;
  let end: u32 = 1 << length;
  while (length <= tableBits) {
    do {
      putEntry(kind, codeword, load<u16>(next), length);
      next += 2;
      if (codeword == end - 1) {
        for (; length < tableBits; length++) {
          doubleTable(kind, end);
          end <<= 1;
        }
        return true;
      }
      const bit: u32 = (<u32>1) << (31 - clz(codeword ^ (end - 1)));
      codeword = (codeword & (bit - 1)) | bit;
    } while (--count);
    do {
      if (++length <= tableBits) {
        doubleTable(kind, end);
        end <<= 1;
      }
      count = load<u32>(COUNTS + (<usize>length << 2));
    } while (count == 0);
  }
  end = 1 << tableBits;
  let prefix: u32 = 0xffffffff;
  let subtable: u32 = 0;
  const prefixMask: u32 = ((<u32>1) << tableBits) - 1;
  while (true) {
    if ((codeword & prefixMask) != prefix) {
      prefix = codeword & prefixMask;
      subtable = end;
      let indexBits = length - tableBits;
      let space = count;
      while (space < (<u32>1) << indexBits) {
        indexBits++;
        space = (space << 1) + load<u32>(COUNTS + (<usize>(tableBits + indexBits) << 2));
      }
      end = subtable + ((<u32>1) << indexBits);
      putSubtable(kind, prefix, subtable, indexBits);
    }
    const symbol = <u32>load<u16>(next);
    next += 2;
    const stride: u32 = (<u32>1) << (length - tableBits);
    for (let i = subtable + (codeword >> tableBits); i < end; i += stride) {
      putEntry(kind, i, symbol, length - tableBits);
    }
    const ones: u32 = ((<u32>1) << length) - 1;
    if (codeword == ones) return true;
    const bit: u32 = (<u32>1) << (31 - clz(codeword ^ ones));
    codeword = (codeword & (bit - 1)) | bit;
    count--;
    while (count == 0) count = load<u32>(COUNTS + (<usize>++length << 2));
  }
}

function buildLitlen(symbols: u32): bool {
  return buildTable(KIND_LITLEN, LENGTHS, symbols, LITLEN_BITS, 15);
}

function buildDist(firstSymbol: u32, symbols: u32): bool {
  return buildTable(KIND_DIST, LENGTHS + firstSymbol, symbols, DIST_BITS, 15);
}

function buildPrecode(): bool {
  return buildTable(KIND_PRECODE, PRECODE_LENGTHS, 19, 7, 7);
}

/**
 * Joins what follows a literal within the same index into its entry: a second literal, and then a match length.
 * In place and downwards: what follows lies at a smaller index and is still plain.
 */
function packLiterals(): void {
  for (let index: i32 = <i32>LITLEN_MASK; index >= 0; index--) {
    const at = LITLEN + (<usize>index << 3);
    const first = load<u64>(at);
    if (!(first & LITERAL)) continue;
    const firstBits = <u32>first & 63;
    const second = load<u64>(LITLEN + (<usize>(index >> firstBits) << 3));
    if (second & EXCEPTIONAL) continue;
    let bits = firstBits + (<u32>(second >> 8) & 63);
    if (bits > LITLEN_BITS) continue;
    const kept: u64 = (<u64>firstBits << 50) | (first & 0xff0000);
    if (!(second & LITERAL)) {
      const all = firstBits + (<u32>second & 63);
      store<u64>(at, kept | (<u64>1 << 48) | (second & (<u64>511 << 32)) | (<u64>bits << 8) | <u64>all);
      continue;
    }
    const two: u64 = kept | (<u64>2 << 48) | ((second & 0xff0000) << 8);
    const third = load<u64>(LITLEN + (<usize>(index >> bits) << 3));
    const withThird = bits + (<u32>(third >> 8) & 63);
    if (!(third & (EXCEPTIONAL | LITERAL)) && withThird <= LITLEN_BITS) {
      const all = bits + (<u32>third & 63);
      store<u64>(at, two | (third & (<u64>511 << 32)) | (<u64>withThird << 8) | <u64>all);
    } else {
      store<u64>(at, LITERAL | two | (<u64>bits << 8) | <u64>bits);
    }
  }
}

/** Tables of the current block from `isFixed`, the counts and the code lengths; also after a restore. */
export function rebuildTables(): i32 {
  if (isFixed) {
    if (tablesAreFixed) return FINISHED;
    memory.fill(LENGTHS, 8, 144);
    memory.fill(LENGTHS + 144, 9, 112);
    memory.fill(LENGTHS + 256, 7, 24);
    memory.fill(LENGTHS + 280, 8, 8);
    memory.fill(LENGTHS + 288, 5, 32);
    literalCount = 288;
    distanceCount = 32;
  } else if (
    literalCount < 257 || literalCount > 286 || distanceCount < 1 || distanceCount > 30 || load<u8>(LENGTHS + 256) == 0
  ) {
    return BAD_CODE_LENGTHS;
  }
  tablesAreFixed = false;
  if (!buildLitlen(literalCount)) return BAD_CODE_LENGTHS;
  if (!buildDist(literalCount, distanceCount)) return BAD_CODE_LENGTHS;
  packLiterals();
  tablesAreFixed = isFixed != 0;
  return FINISHED;
}

// ---- block headers

/** Makes `wanted` (at most 32) bits available in the bit buffer; false when the input ends before. */
function fetchBits(wanted: u64, inEnd: usize): bool {
  while (bitCount < wanted) {
    if (inPos >= inEnd) return false;
    bitBuffer |= <u64>load<u8>(inPos++) << bitCount;
    bitCount += 8;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function takeBits(count: u64): u32 {
  const value = <u32>(bitBuffer & ((<u64>1 << count) - 1));
  bitBuffer >>= count;
  bitCount -= count;
  return value;
}

// @ts-ignore: decorator
@inline
function giveBackBytes(): void {
  inPos -= <usize>(bitCount >> 3);
  bitCount &= 7;
  bitBuffer &= (<u64>1 << bitCount) - 1;
}

function readDynamicHeader(inEnd: usize): i32 {
  if (!fetchBits(14, inEnd)) return NEED_INPUT;
  const literals = takeBits(5) + 257;
  const distances = takeBits(5) + 1;
  const precodes = takeBits(4) + 4;
  if (literals > 286 || distances > 30) return BAD_CODE_LENGTHS;
  fillBytes(PRECODE_LENGTHS, 0, 19);
  for (let i: u32 = 0; i < precodes; i++) {
    if (!fetchBits(3, inEnd)) return NEED_INPUT;
    store<u8>(PRECODE_LENGTHS + load<u8>(PRECODE_ORDER + i), <u8>takeBits(3));
  }
  if (!buildPrecode()) return BAD_CODE_LENGTHS;
  const total = literals + distances;
  // From here on LENGTHS no longer describes the tables.
  tablesAreFixed = false;
  let have: u32 = 0;
  while (have < total) {
    // 7 bits of code and 7 extra bits at most; near the end of the input fewer may do
    const enough = fetchBits(14, inEnd);
    const entry = <u32>load<u16>(PRECODE + (<usize>(bitBuffer & 127) << 1));
    const length = <u64>(entry & 255);
    const symbol = entry >> 8;
    const extra: u64 = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (!enough && bitCount < length + extra) return NEED_INPUT;
    takeBits(length);
    if (symbol < 16) {
      store<u8>(LENGTHS + have++, <u8>symbol);
      continue;
    }
    let value: u8 = 0;
    let repeat: u32;
    if (symbol == 16) {
      if (have == 0) return BAD_CODE_LENGTHS;
      value = load<u8>(LENGTHS + have - 1);
      repeat = 3 + takeBits(2);
    } else {
      repeat = symbol == 17 ? 3 + takeBits(3) : 11 + takeBits(7);
    }
    if (have + repeat > total) return BAD_CODE_LENGTHS;
    fillBytes(LENGTHS + have, value, repeat);
    have += repeat;
  }
  isFixed = 0;
  literalCount = literals;
  distanceCount = distances;
  return rebuildTables();
}

function readBlockHeader(inEnd: usize): i32 {
  if (!fetchBits(3, inEnd)) return NEED_INPUT;
  isLastBlock = takeBits(1);
  const type = takeBits(2);
  if (type == 3) return BAD_BLOCK_TYPE;
  if (type == 0) {
    giveBackBytes();
    bitBuffer = 0;
    bitCount = 0;
    if (inPos + 4 > inEnd) return NEED_INPUT;
    const length = <i32>load<u16>(inPos);
    if ((length ^ <i32>load<u16>(inPos, 2)) != 0xffff) return BAD_STORED_LENGTH;
    inPos += 4;
    storedLeft = length;
    mode = STORED;
    return FINISHED;
  }
  let result: i32;
  if (type == 1) {
    isFixed = 1;
    result = rebuildTables();
  } else {
    result = readDynamicHeader(inEnd);
  }
  if (result == FINISHED) mode = CODES;
  return result;
}

// ---- symbols

/** May write up to 79 bytes past the match; reads 16 bytes from any source, written or not. */
// @ts-ignore: decorator
@inline
function copyMatch(out: usize, distance: usize, length: usize): void {
  let from = out - distance;
  const end = out + length;
  if (distance >= 16) {
    v128.store(out, v128.load(from));
    v128.store(out, v128.load(from, 16), 16);
    if (length > 32) {
      v128.store(out, v128.load(from, 32), 32);
      v128.store(out, v128.load(from, 48), 48);
      if (length > 64) {
        let to = out + 64;
        from += 64;
        do {
          v128.store(to, v128.load(from));
          v128.store(to, v128.load(from, 16), 16);
          to += 32;
          from += 32;
        } while (to < end);
      }
    }
  } else {
    const pattern = i8x16.swizzle(v128.load(from), v128.load(PATTERNS + (distance << 4)));
    const stride = <usize>load<u8>(STRIDES + distance);
    let to = out;
    do {
      v128.store(to, pattern);
      to += stride;
    } while (to < end);
  }
}

/** Next entry of the literal/length table, by bits of which three lie below the ones that are next. */
// @ts-ignore: decorator
@inline
function litlenAt(bits: u64): u64 {
  return load<u64>(<usize>(bits & (LITLEN_MASK << 3)), LITLEN);
}

/**
 * Symbols of the current block until it ends (FINISHED), input or room runs out, or an error.
 *
 * What bounds the fast loop is the way from one entry to the next: load, shift by what it consumes, mask, load. So
 * three used bits are kept below those that are next, which makes a masked buffer the byte offset of an entry, and the
 * next entry is looked up before the refill, not behind it. How many instructions lie beside this way hardly matters.
 */
function decodeSymbols(inEnd: usize, outLimit: usize, low: usize): i32 {
  let input = inPos;
  let out = outPos;
  let bits = bitBuffer;
  let left = bitCount;
  let result: i32 = NEED_INPUT;
  let ended = false;

  // One round takes one refill of 7 bytes at most and reads 8; 32 keeps all loads inside the input.
  if (inEnd - input >= 32 && out < outLimit) {
    const inFast = inEnd - 32;
    bits <<= 3;
    /**
     * Of those that whole bytes were taken for, the three used ones included. Behind a refill all 64 are there: 61 to
     * use, of which a length and a distance take 15 + 5 + 15 + 13 at most, and the entry behind them is looked up by 10.
     */
    let have = <i32>left + 3;
    bits |= load<u64>(input) << <u64>have;
    input += <usize>((63 - have) >> 3);
    have |= 56;
    /** As many as need no look at input and room: each takes less than 32 bytes and fills less than 512. */
    let rounds: usize = 0;
    while (true) {
      if (rounds == 0) {
        if (input >= inFast || out >= outLimit) break;
        rounds = min<usize>((inFast - input) >> 5, (outLimit - out) >> 9) + 1;
      }
      rounds--;
      let entry = litlenAt(bits);
      bits |= load<u64>(input) << <u64>have;
      input += <usize>((63 - have) >> 3);
      have |= 56;
      if (entry & SUBTABLE) {
        bits >>= LITLEN_BITS;
        have -= LITLEN_BITS;
        const index = (bits >> 3) & ((<u64>1 << ((entry >> 8) & 63)) - 1);
        entry = load<u64>(LITLEN + (<usize>(entry >> 32) & 0xffff) + (<usize>index << 3));
      }
      if (entry & LITERAL) {
        const taken = <i32>entry & 63;
        store<u16>(out, <u16>(entry >> 16));
        out += <usize>(entry >> 48) & 3;
        bits >>= <u64>taken;
        have -= taken;
        continue;
      }
      if (entry & EXCEPTIONAL) {
        if (entry & END_OF_BLOCK) {
          const taken = <i32>entry & 63;
          bits >>= <u64>taken;
          have -= taken;
          ended = true;
          result = FINISHED;
        } else {
          result = BAD_SYMBOL;
        }
        break;
      }
      store<u16>(out, <u16>(entry >> 16));
      out += <usize>(entry >> 48) & 3;
      const taken = <i32>entry & 63;
      const length =
        (<usize>(entry >> 32) & 511) +
        <usize>(((bits >> 3) & ((<u64>1 << <u64>taken) - 1)) >> ((entry >> 8) & 63));
      bits >>= <u64>taken;
      have -= taken;
      let far = load<u64>(<usize>(bits & (DIST_MASK << 3)), DIST);
      if (far & DIST_EXCEPTIONAL) {
        if (far & DIST_SUBTABLE) {
          bits >>= DIST_BITS;
          have -= DIST_BITS;
          const index = (bits >> 3) & ((<u64>1 << ((far >> 8) & 15)) - 1);
          far = load<u64>(DIST + <usize>(far >> 16) + (<usize>index << 3));
        }
        if (far & DIST_EXCEPTIONAL) {
          result = BAD_DISTANCE;
          break;
        }
      }
      const takenFar = <i32>far & 63;
      const distance =
        <usize>(far >> 16) + <usize>(((bits >> 3) & ((<u64>1 << <u64>takenFar) - 1)) >> ((far >> 8) & 15));
      bits >>= <u64>takenFar;
      have -= takenFar;
      if (distance > out - low) {
        result = BAD_DISTANCE;
        break;
      }
      copyMatch(out, distance, length);
      out += length;
    }
    left = <u64>(have - 3);
    bits = (bits >> 3) & ((<u64>1 << left) - 1);
  }

  // Near the end of the input or of the room: one symbol at a time, taken only when all its bits are there.
  while (!ended && result == NEED_INPUT) {
    while (left < 56 && input < inEnd) {
      bits |= <u64>load<u8>(input++) << left;
      left += 8;
    }
    if (out >= outLimit) {
      result = OUTPUT_FULL;
      break;
    }
    let entry = load<u64>(<usize>(bits & LITLEN_MASK) << 3, LITLEN);
    let taken: u64 = 0;
    if ((entry & EXCEPTIONAL) && (entry & SUBTABLE)) {
      taken = LITLEN_BITS;
      const index = (bits >> LITLEN_BITS) & ((<u64>1 << ((entry >> 8) & 63)) - 1);
      entry = load<u64>(LITLEN + (<usize>(entry >> 32) & 0xffff) + (<usize>index << 3));
    }
    if (!(entry & EXCEPTIONAL) && ((entry >> 48) & 3) != 0) {
      // a literal, whatever was packed behind it
      taken += (entry >> 50) & 15;
      if (taken > left) break;
      store<u8>(out++, <u8>(entry >> 16));
      bits >>= taken;
      left -= taken;
      continue;
    }
    const code = taken + ((entry >> 8) & 63);
    taken += entry & 63;
    if (taken > left) break;
    if (entry & EXCEPTIONAL) {
      if (entry & END_OF_BLOCK) {
        bits >>= taken;
        left -= taken;
        result = FINISHED;
      } else {
        result = BAD_SYMBOL;
      }
      break;
    }
    const length = (<usize>(entry >> 32) & 511) + <usize>((bits & ((<u64>1 << taken) - 1)) >> code);
    let rest = bits >> taken;
    let far = load<u64>(<usize>(rest & DIST_MASK) << 3, DIST);
    if (far & DIST_SUBTABLE) {
      taken += DIST_BITS;
      rest >>= DIST_BITS;
      const index = rest & ((<u64>1 << ((far >> 8) & 15)) - 1);
      far = load<u64>(DIST + <usize>(far >> 16) + (<usize>index << 3));
    }
    taken += far & 63;
    if (taken > left) break;
    if (far & DIST_EXCEPTIONAL) {
      result = BAD_DISTANCE;
      break;
    }
    const distance = <usize>(far >> 16) + <usize>((rest & ((<u64>1 << (far & 63)) - 1)) >> ((far >> 8) & 15));
    if (distance > out - low) {
      result = BAD_DISTANCE;
      break;
    }
    bits >>= taken;
    left -= taken;
    copyMatch(out, distance, length);
    out += length;
  }

  inPos = input;
  outPos = out;
  bitBuffer = bits;
  bitCount = left;
  return result;
}

function step(inEnd: usize, outLimit: usize, low: usize): i32 {
  while (true) {
    if (mode == HEADER) {
      const savedIn = inPos;
      const savedBits = bitBuffer;
      const savedCount = bitCount;
      const result = readBlockHeader(inEnd);
      if (result == NEED_INPUT) {
        inPos = savedIn;
        bitBuffer = savedBits;
        bitCount = savedCount;
      }
      if (result != FINISHED) return result;
    }
    if (mode == STORED) {
      let count = min<usize>(<usize>storedLeft, inEnd - inPos);
      count = min<usize>(count, outPos < outLimit ? outLimit - outPos : 0);
      copyBytes(outPos, inPos, count);
      inPos += count;
      outPos += count;
      storedLeft -= <i32>count;
      if (storedLeft > 0) return outPos >= outLimit ? OUTPUT_FULL : NEED_INPUT;
    } else if (mode == CODES) {
      const result = decodeSymbols(inEnd, outLimit, low);
      if (result != FINISHED) return result;
    }
    if (mode == DONE || isLastBlock) {
      mode = DONE;
      return FINISHED;
    }
    mode = HEADER;
  }
}

/**
 * Decodes [inPtr, inEnd) to [outPtr, …) until input or room runs out or the last block ends. `low` is the address
 * of the oldest byte a match may refer to. Afterwards `inPos` is the first unused byte, `outPos` the end of output.
 */
export function run(inPtr: usize, inEnd: usize, outPtr: usize, outLimit: usize, low: usize): i32 {
  inPos = inPtr;
  outPos = outPtr;
  bitBuffer = <u64>pendingBits;
  bitCount = <u64>pendingCount;
  const result = step(inEnd, outLimit, low);
  giveBackBytes();
  if (result == FINISHED) {
    bitBuffer = 0;
    bitCount = 0;
  }
  pendingBits = <i32>bitBuffer;
  pendingCount = <i32>bitCount;
  return result;
}

