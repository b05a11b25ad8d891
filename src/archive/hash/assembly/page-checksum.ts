/**
 * The checksum of a PostgreSQL page (storage/checksum_impl.h describes it; page header: storage/bufpage.h): the page is a
 * table of 32 columns of 32-bit numbers, and each column has a sum of its own, so that vectors can do it. A step of a sum
 * is FNV-1a with the high bits brought down, `s ^= value; s = s * 16777619 ^ s >> 17`. After two rows of zeros the
 * sums are combined by exclusive or, and so is the block number; the result is brought to 1 to 65535.
 * pd_checksum itself counts as 0.
 *
 * Pages are only read: they may lie in memory from which another thread is writing them to a file.
 */
import { DAMAGE } from './memory';

// Byte offsets in a page header.
// @ts-ignore: decorator
@inline const PD_CHECKSUM: usize = 8;
// @ts-ignore: decorator
@inline const PD_UPPER: usize = 14;

// @ts-ignore: decorator
@inline
function step(sum: v128, value: v128): v128 {
  const mixed = v128.xor(sum, value);
  return v128.xor(i32x4.mul(mixed, i32x4.splat(16777619)), i32x4.shr_u(mixed, 17));
}

function sumOf(page: usize, pageBytes: usize): u32 {
  let a = i32x4(0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a);
  let b = i32x4(0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c);
  let c = i32x4(0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa);
  let d = i32x4(0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb);
  let e = i32x4(0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de);
  let f = i32x4(0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4);
  let g = i32x4(0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e);
  let h = i32x4(0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756);
  // The first vector of the page holds pd_checksum, in the low half of its third number.
  let first = v128.and(v128.load(page), i32x4(-1, -1, 0xffff0000, -1));
  for (let at = page, end = page + pageBytes; ; ) {
    a = step(a, first);
    b = step(b, v128.load(at, 16));
    c = step(c, v128.load(at, 32));
    d = step(d, v128.load(at, 48));
    e = step(e, v128.load(at, 64));
    f = step(f, v128.load(at, 80));
    g = step(g, v128.load(at, 96));
    h = step(h, v128.load(at, 112));
    at += 128;
    if (at >= end) break;
    first = v128.load(at);
  }
  const zero = i32x4.splat(0);
  for (let row = 0; row < 2; row++) {
    a = step(a, zero);
    b = step(b, zero);
    c = step(c, zero);
    d = step(d, zero);
    e = step(e, zero);
    f = step(f, zero);
    g = step(g, zero);
    h = step(h, zero);
  }
  const all = v128.xor(v128.xor(v128.xor(a, b), v128.xor(c, d)), v128.xor(v128.xor(e, f), v128.xor(g, h)));
  return i32x4.extract_lane(all, 0) ^ i32x4.extract_lane(all, 1) ^ i32x4.extract_lane(all, 2) ^ i32x4.extract_lane(all, 3);
}

function isZero(page: usize, pageBytes: usize): bool {
  for (let at = page, end = page + pageBytes; at < end; at += 16) {
    if (v128.any_true(v128.load(at))) return false;
  }
  return true;
}

/**
 * Checks the `count` pages at `from` (64 at most), the first of which is block `block` of its relation. Returns how many
 * are not right and leaves three numbers for each at DAMAGE: index of the page, computed checksum (0: the page says that
 * it is new, but is not empty), checksum in the page.
 */
export function checkPages(from: usize, count: i32, pageBytes: usize, block: u32): i32 {
  let wrong = 0;
  for (let index = 0; index < count; index++) {
    const page = from + <usize>index * pageBytes;
    const found = <u32>load<u16>(page, PD_CHECKSUM);
    let computed: u32 = 0;
    if (load<u16>(page, PD_UPPER) == 0) {
      // The server extends files with pages of nothing but zeros; they have no checksum.
      if (isZero(page, pageBytes)) continue;
    } else {
      computed = ((sumOf(page, pageBytes) ^ (block + index)) % 65535) + 1;
      if (computed == found) continue;
    }
    const entry = DAMAGE + <usize>wrong * 12;
    store<u32>(entry, index);
    store<u32>(entry, computed, 4);
    store<u32>(entry, found, 8);
    wrong++;
  }
  return wrong;
}
