/** The input, highest bit first. Reads past its end give whatever lies there: whoever reads asks `isOverrun`. */

/** The next bits, from the top. */
export let bits: u64 = 0;
/** How many of them count. */
export let left: u64 = 0;
/** Next byte that is not among them. */
export let next: usize = 0;
let inputEnd: usize = 0;

export function startBits(at: usize, bit: u32, end: usize): void {
  bits = 0;
  left = 0;
  next = at + (bit >> 3);
  inputEnd = end;
  refill();
  take(bit & 7);
}

/** What a loop that kept these in locals has left. */
export function setBits(newBits: u64, newLeft: u64, newNext: usize): void {
  bits = newBits;
  left = newLeft;
  next = newNext;
}

/** Afterwards there are 56 bits or more. */
// @ts-ignore: decorator
@inline export function refill(): void {
  bits |= bswap<u64>(load<u64>(next)) >> left;
  next += <usize>((63 - left) >> 3);
  left |= 56;
}

// @ts-ignore: decorator
@inline function take(count: u32): void {
  bits <<= <u64>count;
  left -= <u64>count;
}

/** Up to 32 bits. */
export function read(count: u32): u32 {
  refill();
  if (count == 0) return 0;
  const value = <u32>(bits >> <u64>(64 - count));
  take(count);
  return value;
}

/** More was read than there was. */
export function isOverrun(): bool {
  return next - <usize>(left >> 3) > inputEnd;
}

/** Bits behind `at` that are used up. */
export function bitsSince(at: usize): u32 {
  return <u32>((next - at) << 3) - <u32>left;
}
