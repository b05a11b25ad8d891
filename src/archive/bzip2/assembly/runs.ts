/** The last step: four equal bytes are followed by the number of further ones. Goes on where it stopped. */
import { blockCrc, blockLength } from './block';
import { updateCrc } from './crc';
import { base, COLUMN } from './layout';

// ---- results
// @ts-ignore: decorator
@inline const DONE: i32 = 0;
// @ts-ignore: decorator
@inline const OUTPUT_FULL: i32 = 1;
// @ts-ignore: decorator
@inline const BAD_CRC: i32 = -9;
// @ts-ignore: decorator
@inline const BAD_RUN: i32 = -10;

export let outPos: usize = 0;

let from: usize = 0;
let equal: u32 = 0;
let previous: u32 = 256;
/** Further bytes of the run that there was no room for. */
let owed: u32 = 0;
let crc: u32 = 0;

/** Begins with the block that was decoded last. */
export function startOutput(): void {
  from = 0;
  equal = 0;
  previous = 256;
  owed = 0;
  crc = 0xffffffff;
}

/** Writes to [at, limit) and a little behind; `outPos` is the end of it. */
export function writeOutput(at: usize, limit: usize): i32 {
  const end = base + COLUMN + blockLength;
  let input = base + COLUMN + from;
  let out = at;
  let result: i32 = DONE;
  while (true) {
    if (owed > 0) {
      const count = min(<usize>owed, limit - out);
      const pattern = i8x16.splat(<i8>previous);
      const stop = out + count;
      for (; out < stop; out += 16) v128.store(out, pattern);
      out = stop;
      owed -= <u32>count;
    }
    if (out >= limit) {
      result = input < end || owed > 0 || equal == 4 ? OUTPUT_FULL : DONE;
      break;
    }
    if (input >= end) {
      if (equal == 4) result = BAD_RUN;
      break;
    }
    if (equal == 4) {
      owed = <u32>load<u8>(input++);
      // The count separates runs: the next byte begins one, whatever it is.
      equal = 0;
      continue;
    }
    if (equal <= 1 && input + 20 <= end && out + 16 <= limit) {
      // Thirteen bytes at once where no four are equal.
      const bytes = v128.load(input);
      const pairs = i8x16.bitmask(i8x16.eq(bytes, v128.load(input, 1)));
      if ((pairs & (pairs >> 1) & (pairs >> 2)) == 0 && load<u8>(input) != previous) {
        v128.store(out, bytes);
        // All but the equal bytes at the end, which may be the beginning of a run.
        let count: usize = 13;
        while (load<u8>(input + count) == load<u8>(input + count - 1)) count--;
        input += count;
        out += count;
        previous = <u32>load<u8>(input - 1);
        equal = 1;
        continue;
      }
    }
    const byte = <u32>load<u8>(input++);
    equal = byte == previous ? equal + 1 : 1;
    previous = byte;
    store<u8>(out++, <u8>byte);
  }
  from = input - base - COLUMN;
  outPos = out;
  crc = updateCrc(crc, at, out);
  if (result == DONE && ~crc != blockCrc) return BAD_CRC;
  return result;
}
