/**
 * LZMA's range decoder: bits by probabilities of 11 bits that adapt. What decodes several bits keeps range and code
 * in locals meanwhile; the steps look alike because a function cannot give back two numbers.
 */

let range: u32 = 0;
let code: u32 = 0;
/** Next byte of the chunk. */
export let input: usize = 0;

// @ts-ignore: decorator
@inline const TOP: u32 = 1 << 24;

/** False: the first byte is not 0. */
export function startRange(at: usize): bool {
  range = 0xffffffff;
  code = bswap<u32>(load<u32>(at, 1));
  input = at + 5;
  return load<u8>(at) == 0;
}

/** Behind the last symbol of a chunk nothing is left. */
export function isRangeEmpty(): bool {
  if (range < TOP) {
    range <<= 8;
    code = (code << 8) | load<u8>(input++);
  }
  return code == 0;
}

// @ts-ignore: decorator
@inline export function decodeBit(at: usize): u32 {
  if (range < TOP) {
    range <<= 8;
    code = (code << 8) | load<u8>(input++);
  }
  const probability = <u32>load<u16>(at);
  const bound = (range >> 11) * probability;
  if (code < bound) {
    range = bound;
    store<u16>(at, <u16>(probability + ((2048 - probability) >> 5)));
    return 0;
  }
  range -= bound;
  code -= bound;
  store<u16>(at, <u16>(probability - (probability >> 5)));
  return 1;
}

/** The highest bit first. Gives 1 and then the bits. */
// @ts-ignore: decorator
@inline export function decodeTree(tree: usize, end: u32): u32 {
  let r = range;
  let c = code;
  let from = input;
  let symbol: u32 = 1;
  do {
    if (r < TOP) {
      r <<= 8;
      c = (c << 8) | load<u8>(from++);
    }
    const at = tree + (<usize>symbol << 1);
    const probability = <u32>load<u16>(at);
    const bound = (r >> 11) * probability;
    symbol <<= 1;
    if (c < bound) {
      r = bound;
      store<u16>(at, <u16>(probability + ((2048 - probability) >> 5)));
    } else {
      r -= bound;
      c -= bound;
      store<u16>(at, <u16>(probability - (probability >> 5)));
      symbol++;
    }
  } while (symbol < end);
  range = r;
  code = c;
  input = from;
  return symbol;
}

/** The lowest bit first. */
export function decodeReverseTree(tree: usize, count: u32): u32 {
  let symbol: u32 = 1;
  let value: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bit = decodeBit(tree + (<usize>symbol << 1));
    symbol = (symbol << 1) | bit;
    value |= bit << i;
  }
  return value;
}

/** A byte where a match was expected: its bits steer by those of the byte that the match would have given. */
export function decodeMatchedLiteral(tree: usize, matched: u32): u32 {
  let r = range;
  let c = code;
  let from = input;
  let symbol: u32 = 1;
  let offset: u32 = 0x100;
  let expected = matched << 1;
  do {
    if (r < TOP) {
      r <<= 8;
      c = (c << 8) | load<u8>(from++);
    }
    const expectedBit = expected & offset;
    expected <<= 1;
    const at = tree + (<usize>(offset + expectedBit + symbol) << 1);
    const probability = <u32>load<u16>(at);
    const bound = (r >> 11) * probability;
    symbol <<= 1;
    if (c < bound) {
      r = bound;
      store<u16>(at, <u16>(probability + ((2048 - probability) >> 5)));
      offset &= ~expectedBit;
    } else {
      r -= bound;
      c -= bound;
      store<u16>(at, <u16>(probability - (probability >> 5)));
      symbol++;
      offset &= expectedBit;
    }
  } while (symbol < 0x100);
  range = r;
  code = c;
  input = from;
  return symbol;
}

/** Bits that are as likely 0 as 1. */
export function decodeDirect(count: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (range < TOP) {
      range <<= 8;
      code = (code << 8) | load<u8>(input++);
    }
    range >>= 1;
    const bit = <u32>(code >= range);
    code -= range & (0 - bit);
    value = (value << 1) | bit;
  }
  return value;
}
