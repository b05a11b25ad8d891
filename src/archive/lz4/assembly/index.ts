/**
 * LZ4 blocks (lz4_Block_format.md) and the checksum of their frames (xxhash_spec.md, XXH32). AssemblyScript, not
 * TypeScript: compiled by ../build.ts, wrapped by ../lz4-decoder.ts. A block is decoded whole, so nothing but the
 * checksum outlives a call.
 */
import { copyMatch } from './copy-match';

export { sumAt, sumBegin, sumBytes, sumEnd, sumUpdate, xxh32 } from './xxh32';

// Four pages belong to the module that sums up the output where it lies (hash/assembly/memory.ts).
// @ts-ignore: decorator
@inline const RESERVED: usize = 4 * 65536;
/** From here on memory belongs to the caller: input, output. */
export const buffersAt: usize = 65536 + RESERVED;
/** Reads and writes may go this far past the end of the input and past `outLimit`. */
export const slack: usize = 64;

/** Where literals or a match end does not fit: results of `decodeBlock` below 0. */
// @ts-ignore: decorator
@inline const CUT: i32 = -1;
// @ts-ignore: decorator
@inline const TOO_LONG: i32 = -2;
// @ts-ignore: decorator
@inline const BAD_OFFSET: i32 = -3;

export function staticDataEnd(): usize {
  return __heap_base;
}

/**
 * Decodes the block between `input` and `end` to `out`; matches may refer to `low` and what comes after it. Returns
 * the length of the output, or below 0 what is wrong.
 */
export function decodeBlock(input: usize, end: usize, out: usize, outLimit: usize, low: usize): i32 {
  const start = out;
  let at = input;
  while (at < end) {
    const token = <usize>load<u8>(at++);
    let literals = token >> 4;
    if (literals === 15) {
      let more: usize = 255;
      while (more === 255 && at < end) {
        more = <usize>load<u8>(at++);
        literals += more;
      }
    }
    if (literals > end - at) return CUT;
    if (literals > outLimit - out) return TOO_LONG;
    v128.store(out, v128.load(at));
    for (let copied: usize = 16; copied < literals; copied += 16) v128.store(out + copied, v128.load(at + copied));
    at += literals;
    out += literals;
    // The last sequence has no match.
    if (at === end) return <i32>(out - start);
    if (end - at < 2) return CUT;
    const offset = <usize>load<u16>(at);
    at += 2;
    if (offset === 0 || offset > out - low) return BAD_OFFSET;
    let length = token & 15;
    if (length === 15) {
      let more: usize = 255;
      while (more === 255 && at < end) {
        more = <usize>load<u8>(at++);
        length += more;
      }
    }
    length += 4;
    if (length > outLimit - out) return TOO_LONG;
    copyMatch(out, offset, out + length);
    out += length;
  }
  return CUT;
}
