/** Fixed addresses in a memory of its own, so that loads carry them as immediates. */

// @ts-ignore: decorator
@inline export const CRC64: usize = 1024; // u64[8][256], see crc64.ts
// @ts-ignore: decorator
@inline export const PROBABILITIES: usize = 17408; // u16, see lzma.ts
// @ts-ignore: decorator
@inline export const INPUT: usize = 65536;
// @ts-ignore: decorator
@inline export const INPUT_BYTES: usize = 786432;

/** Where the caller puts compressed bytes; one symbol may read a little behind a chunk. */
export const inputAt: usize = INPUT;
export const inputBytes: usize = INPUT_BYTES - 64;
/** Where the output goes, round and round: the dictionary is its last part. */
export const ringAt: usize = INPUT + INPUT_BYTES;
/** A ring has this much more than the dictionary, and memory behind its end: vector stores go too far. */
export const ringSlack: usize = 1024;

/** Static data must stay below the first table. */
export function staticDataEnd(): usize {
  return __heap_base;
}
