/** Fixed addresses, so that loads carry them as immediates. Static data lies below 4096. */

// @ts-ignore: decorator
@inline export const TABLES: usize = 4096; // u32[16][256], see crc32c.ts
// @ts-ignore: decorator
@inline export const DAMAGE: usize = 20480; // u32[64][3], see page-checksum.ts
/** The words in front of the data that fold refers to. */
// @ts-ignore: decorator
@inline export const HISTORY_BYTES: usize = 209 * 16;
// @ts-ignore: decorator
@inline export const DATA: usize = 24576;
// @ts-ignore: decorator
@inline export const HISTORY: usize = DATA - HISTORY_BYTES; // 21232
/** A multiple of every page size; history and data together stay in the second-level cache. */
// @ts-ignore: decorator
@inline export const DATA_BYTES: usize = 65536;
