/** What a match refers to, for lz4 and for snappy (../../snappy/assembly). */

/** For an offset below 16: shuffle that repeats the first `offset` bytes, and the stride between stores. */
const PATTERNS: usize = memory.data(256, 16);
const STRIDES: usize = memory.data(16);

for (let offset: usize = 1; offset < 16; offset++) {
  for (let i: usize = 0; i < 16; i++) store<u8>(PATTERNS + offset * 16 + i, <u8>(i % offset));
  store<u8>(STRIDES + offset, <u8>(16 - (16 % offset)));
}

/** Repeats what lies `offset` bytes before `out` until `end`; writes up to 31 bytes further. */
// @ts-ignore: decorator
@inline
export function copyMatch(out: usize, offset: usize, end: usize): void {
  let from = out - offset;
  let to = out;
  if (offset >= 16) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    to += 32;
    while (to < end) {
      from += 32;
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      to += 32;
    }
  } else {
    const pattern = i8x16.swizzle(v128.load(from), v128.load(PATTERNS + (offset << 4)));
    const stride = <usize>load<u8>(STRIDES + offset);
    do {
      v128.store(to, pattern);
      to += stride;
    } while (to < end);
  }
}
