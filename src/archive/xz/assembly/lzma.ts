/**
 * LZMA as chunks of LZMA2 contain it. A chunk's input is there as a whole; the output goes into a ring and stops
 * at a limit, also in the middle of a match. What is refused follows xz (lzma_decoder.c, lzma2_decoder.c).
 */
import { PROBABILITIES, ringAt } from './layout';
import {
  decodeBit,
  decodeDirect,
  decodeMatchedLiteral,
  decodeReverseTree,
  decodeTree,
  input,
  isRangeEmpty,
  startRange,
} from './range-decoder';

// ---- probabilities: byte addresses of u16
// @ts-ignore: decorator
@inline const IS_MATCH: usize = PROBABILITIES; // [12][16]
// @ts-ignore: decorator
@inline const IS_REP0_LONG: usize = IS_MATCH + 384; // [12][16]
// @ts-ignore: decorator
@inline const IS_REP: usize = IS_REP0_LONG + 384; // [12]
// @ts-ignore: decorator
@inline const IS_REP0: usize = IS_REP + 24;
// @ts-ignore: decorator
@inline const IS_REP1: usize = IS_REP0 + 24;
// @ts-ignore: decorator
@inline const IS_REP2: usize = IS_REP1 + 24;
// @ts-ignore: decorator
@inline const SLOTS: usize = IS_REP2 + 24; // [4][64]
// @ts-ignore: decorator
@inline const SPECIAL: usize = SLOTS + 512; // [128]
// @ts-ignore: decorator
@inline const ALIGN: usize = SPECIAL + 256; // [16]
// @ts-ignore: decorator
@inline const LENGTH: usize = ALIGN + 32; // two choices, low [16][8], middle [16][8], high [256]
// @ts-ignore: decorator
@inline const LENGTH_BYTES: usize = 4 + 256 + 256 + 512;
// @ts-ignore: decorator
@inline const REP_LENGTH: usize = LENGTH + LENGTH_BYTES;
// @ts-ignore: decorator
@inline const LITERALS: usize = REP_LENGTH + LENGTH_BYTES; // [up to 16][0x300]

// ---- results
// @ts-ignore: decorator
@inline const DONE: i32 = 0;
// @ts-ignore: decorator
@inline const OUTPUT_FULL: i32 = 1;
// @ts-ignore: decorator
@inline const BAD_START: i32 = -1;
// @ts-ignore: decorator
@inline const BAD_DISTANCE: i32 = -2;
// @ts-ignore: decorator
@inline const BAD_LENGTH: i32 = -3;
// @ts-ignore: decorator
@inline const BAD_END: i32 = -4;

let ringBytes: usize = 0;
let dictionaryBytes: u32 = 0;
/** Where the next byte goes. */
export let outPos: usize = ringAt;
/** Bytes that a match may refer to. */
let history: u32 = 0;
/** Since the dictionary was reset. */
let position: u32 = 0;

let lc: u32 = 0;
let lpMask: u32 = 0;
let pbMask: u32 = 0;
let state: u32 = 0;
let rep0: u32 = 0;
let rep1: u32 = 0;
let rep2: u32 = 0;
let rep3: u32 = 0;

let inputEnd: usize = 0;
/** Of the chunk. */
let unpackedLeft: u32 = 0;
/** Of a match that met the limit. */
let owed: u32 = 0;

/**
 * For a new block. The ring never becomes smaller, and output goes on where it stood: what was handed out before stays
 * as it is for a while.
 */
export function useRing(bytes: usize, dictionary: u32): void {
  ringBytes = max(ringBytes, bytes);
  dictionaryBytes = dictionary;
  resetDictionary();
}

/** Where the output must stop that may become `bytes` long. */
export function limitOf(bytes: usize): usize {
  return min(outPos + bytes, ringEnd());
}

export function resetDictionary(): void {
  history = 0;
  position = 0;
}

/** False: no properties that LZMA2 allows. */
export function setProperties(byte: u32): bool {
  if (byte >= 225) return false;
  lc = byte % 9;
  const lp = (byte / 9) % 5;
  lpMask = (1 << lp) - 1;
  pbMask = (1 << (byte / 45)) - 1;
  return lc + lp <= 4;
}

export function resetState(): void {
  state = 0;
  rep0 = 0;
  rep1 = 0;
  rep2 = 0;
  rep3 = 0;
  const end = LITERALS + (<usize>(0x300 << lc) * <usize>(lpMask + 1)) * 2;
  for (let at = PROBABILITIES; at < end; at += 2) store<u16>(at, 1024);
}

export function startChunk(at: usize, packed: u32, unpacked: u32): i32 {
  inputEnd = at + packed;
  unpackedLeft = unpacked;
  owed = 0;
  return packed >= 5 && startRange(at) ? DONE : BAD_START;
}

// @ts-ignore: decorator
@inline function ringEnd(): usize {
  return ringAt + ringBytes;
}

/** The address of the byte `distance` + 1 bytes back. */
// @ts-ignore: decorator
@inline function back(at: usize, distance: u32): usize {
  const count = <usize>distance + 1;
  return count > at - ringAt ? at + ringBytes - count : at - count;
}

/** Notes that the output has reached `to`. */
function advance(from: usize, to: usize): void {
  const count = <u32>(to - from);
  position += count;
  history = min(dictionaryBytes, history + count);
  outPos = to == ringEnd() ? ringAt : to;
}

/** Writes `count` bytes of an uncompressed chunk that lie at `at`; no further than the ring's end. */
export function copyUncompressed(at: usize, count: u32): void {
  memory.copy(outPos, at, count);
  advance(outPos, outPos + count);
}

function decodeLength(coder: usize, posState: u32): u32 {
  if (decodeBit(coder) == 0) return decodeTree(coder + 4 + (<usize>posState << 4), 8) - 8 + 2;
  if (decodeBit(coder + 2) == 0) return decodeTree(coder + 260 + (<usize>posState << 4), 8) - 8 + 10;
  return decodeTree(coder + 516, 256) - 256 + 18;
}

function decodeDistance(length: u32): u32 {
  const lengthState = min<u32>(length - 2, 3);
  const slot = decodeTree(SLOTS + (<usize>lengthState << 7), 64) - 64;
  if (slot < 4) return slot;
  const count = (slot >> 1) - 1;
  const base = (2 | (slot & 1)) << count;
  if (slot < 14) return base + decodeReverseTree(SPECIAL + (<usize>(base - slot) << 1), count);
  return base + (decodeDirect(count - 4) << 4) + decodeReverseTree(ALIGN, 4);
}

/** Makes an older one of the last four distances the newest. */
function fetchDistance(stateAt: usize): void {
  let distance = rep1;
  if (decodeBit(IS_REP1 + stateAt)) {
    distance = rep2;
    if (decodeBit(IS_REP2 + stateAt)) {
      distance = rep3;
      rep3 = rep2;
    }
    rep2 = rep1;
  }
  rep1 = rep0;
  rep0 = distance;
}

/** Copies what is in the ring already; both ends may go round, the target not past `limit`. */
function copyMatch(to: usize, limit: usize, distance: u32, length: u32): usize {
  const end = min(to + length, limit);
  owed = length - <u32>(end - to);
  let from = back(to, distance);
  if (distance >= 15 && from + length <= ringEnd()) {
    for (; to < end; to += 16, from += 16) v128.store(to, v128.load(from));
    return end;
  }
  for (; to < end; to++) {
    store<u8>(to, load<u8>(from++));
    if (from == ringEnd()) from = ringAt;
  }
  return end;
}

/** Decodes until the chunk ends or the output has reached `limit`, which lies at or before the ring's end. */
export function run(limit: usize): i32 {
  const start = outPos;
  const begin = position;
  const before = history;
  let out = start;
  let left = unpackedLeft;
  let result: i32 = DONE;
  if (owed > 0) {
    const all = owed;
    out = copyMatch(out, limit, rep0, all);
    left -= all - owed;
  }
  while (left > 0) {
    if (out >= limit) {
      result = OUTPUT_FULL;
      break;
    }
    if (input > inputEnd) {
      result = BAD_END;
      break;
    }
    const written = <u32>(out - start);
    const now = begin + written;
    const posState = now & pbMask;
    if (decodeBit(IS_MATCH + (<usize>((state << 4) + posState) << 1)) == 0) {
      const known = before + written;
      const previous = known > 0 ? <u32>load<u8>(back(out, 0)) : 0;
      const context = ((now & lpMask) << lc) + (previous >> (8 - lc));
      const tree = LITERALS + <usize>context * 0x600;
      if (state < 7) {
        store<u8>(out++, <u8>decodeTree(tree, 0x100));
        state = state < 4 ? 0 : state - 3;
      } else {
        store<u8>(out, <u8>decodeMatchedLiteral(tree, load<u8>(back(out, rep0))));
        out++;
        state = state < 10 ? state - 3 : state - 6;
      }
      left--;
      continue;
    }
    let length: u32;
    const stateAt = <usize>state << 1;
    if (decodeBit(IS_REP + stateAt) == 0) {
      rep3 = rep2;
      rep2 = rep1;
      rep1 = rep0;
      length = decodeLength(LENGTH, posState);
      rep0 = decodeDistance(length);
      state = state < 7 ? 7 : 10;
    } else {
      const isNewest = decodeBit(IS_REP0 + stateAt) == 0;
      if (isNewest && decodeBit(IS_REP0_LONG + (<usize>((state << 4) + posState) << 1)) == 0) {
        length = 1;
        state = state < 7 ? 9 : 11;
      } else {
        if (!isNewest) fetchDistance(stateAt);
        length = decodeLength(REP_LENGTH, posState);
        state = state < 7 ? 8 : 11;
      }
    }
    if (rep0 >= min(dictionaryBytes, before + written)) {
      result = BAD_DISTANCE;
      break;
    }
    if (length > left) {
      result = BAD_LENGTH;
      break;
    }
    out = copyMatch(out, limit, rep0, length);
    left -= length - owed;
  }
  unpackedLeft = left;
  advance(start, out);
  if (result == DONE && (!isRangeEmpty() || input != inputEnd)) return BAD_END;
  return result;
}
