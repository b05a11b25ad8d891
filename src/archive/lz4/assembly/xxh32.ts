/** XXH32 with seed 0: four sums of every fourth word, mixed at the end with what is left. */

// @ts-ignore: decorator
@inline const PRIME1: u32 = 0x9e3779b1;
// @ts-ignore: decorator
@inline const PRIME2: u32 = 0x85ebca77;
// @ts-ignore: decorator
@inline const PRIME3: u32 = 0xc2b2ae3d;
// @ts-ignore: decorator
@inline const PRIME4: u32 = 0x27d4eb2f;
// @ts-ignore: decorator
@inline const PRIME5: u32 = 0x165667b1;

/** The sum under way: four words, then the bytes that make no full stripe of 16 yet. */
const SUM: usize = memory.data(32, 16);
export const sumAt: usize = SUM;
export const sumBytes: usize = 32;
// @ts-ignore: decorator
@inline const TAIL: usize = SUM + 16;

// @ts-ignore: decorator
@inline
function round(sum: u32, word: u32): u32 {
  return rotl<u32>(sum + word * PRIME2, 13) * PRIME1;
}

export function sumBegin(): void {
  store<u32>(SUM, PRIME1 + PRIME2);
  store<u32>(SUM, PRIME2, 4);
  store<u32>(SUM, 0, 8);
  store<u32>(SUM, 0 - PRIME1, 12);
}

/** Whole stripes only. */
function stripes(at: usize, end: usize): void {
  let a = load<u32>(SUM);
  let b = load<u32>(SUM, 4);
  let c = load<u32>(SUM, 8);
  let d = load<u32>(SUM, 12);
  for (; at < end; at += 16) {
    a = round(a, load<u32>(at));
    b = round(b, load<u32>(at, 4));
    c = round(c, load<u32>(at, 8));
    d = round(d, load<u32>(at, 12));
  }
  store<u32>(SUM, a);
  store<u32>(SUM, b, 4);
  store<u32>(SUM, c, 8);
  store<u32>(SUM, d, 12);
}

/** `before`: bytes summed up so far, modulo 2^32. */
export function sumUpdate(at: usize, length: usize, before: u32): void {
  const end = at + length;
  let kept = <usize>before & 15;
  if (kept > 0) {
    for (; kept < 16 && at < end; kept++, at++) store<u8>(TAIL + kept, load<u8>(at));
    if (kept < 16) return;
    stripes(TAIL, TAIL + 16);
  }
  const whole = at + ((end - at) & ~15);
  stripes(at, whole);
  for (let i: usize = 0; whole + i < end; i++) store<u8>(TAIL + i, load<u8>(whole + i));
}

/** `all`: bytes summed up, modulo 2^32; `isShort`: fewer than 16 in all. */
export function sumEnd(all: u32, isShort: bool): u32 {
  let hash: u32 = isShort
    ? PRIME5
    : rotl<u32>(load<u32>(SUM), 1) +
      rotl<u32>(load<u32>(SUM, 4), 7) +
      rotl<u32>(load<u32>(SUM, 8), 12) +
      rotl<u32>(load<u32>(SUM, 12), 18);
  hash += all;
  let at = TAIL;
  const end = TAIL + (<usize>all & 15);
  for (; at + 4 <= end; at += 4) hash = rotl<u32>(hash + load<u32>(at) * PRIME3, 17) * PRIME4;
  for (; at < end; at++) hash = rotl<u32>(hash + <u32>load<u8>(at) * PRIME5, 11) * PRIME1;
  hash = (hash ^ (hash >> 15)) * PRIME2;
  hash = (hash ^ (hash >> 13)) * PRIME3;
  return hash ^ (hash >> 16);
}

const SAVED: usize = memory.data(32, 16);

/** Of `length` bytes at once; the sum under way stays as it is. */
export function xxh32(at: usize, length: usize): u32 {
  for (let i: usize = 0; i < 32; i += 16) v128.store(SAVED + i, v128.load(SUM + i));
  sumBegin();
  sumUpdate(at, length, 0);
  const hash = sumEnd(<u32>length, length < 16);
  for (let i: usize = 0; i < 32; i += 16) v128.store(SUM + i, v128.load(SAVED + i));
  return hash;
}
