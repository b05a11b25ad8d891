/**
 * Raw snappy (google/snappy, format_description.txt), one chunk at a time. AssemblyScript, not TypeScript: compiled by
 * ../build.ts, wrapped by ../snappy-decoder.ts. Nothing outlives a call.
 */
import { copyMatch } from '../../lz4/assembly/copy-match';

// Four pages belong to the module that sums up the output where it lies (hash/assembly/memory.ts).
// @ts-ignore: decorator
@inline const RESERVED: usize = 4 * 65536;
/** From here on memory belongs to the caller: input, output. */
export const buffersAt: usize = 65536 + RESERVED;
/** Reads and writes may go this far past the end of the input and past `outLimit`. */
export const slack: usize = 64;

// @ts-ignore: decorator
@inline const CUT: i32 = -1;
// @ts-ignore: decorator
@inline const TOO_LONG: i32 = -2;
// @ts-ignore: decorator
@inline const BAD_OFFSET: i32 = -3;
// @ts-ignore: decorator
@inline const WRONG_LENGTH: i32 = -4;

export function staticDataEnd(): usize {
  return __heap_base;
}

/** Decodes what lies between `input` and `end` to `out`; returns the length, or below 0 what is wrong. */
export function decodeChunk(input: usize, end: usize, out: usize, outLimit: usize): i32 {
  const start = out;
  let at = input;
  let length: usize = 0;
  let shift: usize = 0;
  let byte: usize = 128;
  while (byte >= 128) {
    if (at >= end || shift > 28) return CUT;
    byte = <usize>load<u8>(at++);
    length |= (byte & 127) << shift;
    shift += 7;
  }
  if (length > outLimit - out) return TOO_LONG;
  const outEnd = out + length;
  while (at < end) {
    const tag = <usize>load<u8>(at++);
    const kind = tag & 3;
    if (kind === 0) {
      let literals = tag >> 2;
      if (literals >= 60) {
        const bytes = literals - 59;
        if (bytes > end - at) return CUT;
        literals = <usize>(load<u32>(at) & (0xffffffff >> ((4 - <u32>bytes) << 3)));
        at += bytes;
      }
      // Of 4 GiB the sum would be 0; no chunk is as long.
      if (literals >= end - at) return CUT;
      literals++;
      if (literals > outEnd - out) return WRONG_LENGTH;
      v128.store(out, v128.load(at));
      for (let copied: usize = 16; copied < literals; copied += 16) v128.store(out + copied, v128.load(at + copied));
      at += literals;
      out += literals;
      continue;
    }
    let offset: usize;
    let count: usize;
    if (kind === 1) {
      if (at >= end) return CUT;
      count = 4 + ((tag >> 2) & 7);
      offset = ((tag >> 5) << 8) | <usize>load<u8>(at++);
    } else {
      const bytes: usize = kind === 2 ? 2 : 4;
      if (bytes > end - at) return CUT;
      count = 1 + (tag >> 2);
      offset = kind === 2 ? <usize>load<u16>(at) : <usize>load<u32>(at);
      at += bytes;
    }
    if (offset === 0 || offset > out - start) return BAD_OFFSET;
    if (count > outEnd - out) return WRONG_LENGTH;
    copyMatch(out, offset, out + count);
    out += count;
  }
  return out === outEnd ? <i32>length : WRONG_LENGTH;
}
