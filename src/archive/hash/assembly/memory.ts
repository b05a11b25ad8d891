/**
 * Fixed addresses, so that loads carry them as immediates. The module works in its own memory, or in that of a decoder,
 * whose output it sums up where it lies: these pages are left free there (RESERVED in inflate/assembly/index.ts), and
 * nothing below them is touched, so it has no static data.
 */

// @ts-ignore: decorator
@inline const BASE: usize = 65536;
// @ts-ignore: decorator
@inline export const TABLES_C: usize = BASE; // u32[16][256], see tables.ts
// @ts-ignore: decorator
@inline export const TABLES: usize = BASE + 16384; // u32[16][256], see tables.ts
// @ts-ignore: decorator
@inline export const DAMAGE: usize = BASE + 32768; // u32[64][3], see page-checksum.ts
/**
 * Where folding keeps a piece and, in front of it, the words it refers to (209 at most). Two threads may sum up what
 * lies in one decoder's memory; the one that decodes works in the second place.
 */
// @ts-ignore: decorator
@inline export const FIRST_SCRATCH: usize = BASE + 40960;
// @ts-ignore: decorator
@inline export const SECOND_SCRATCH: usize = BASE + 131072;
/** A multiple of every page size; history and piece together stay in the second-level cache. */
// @ts-ignore: decorator
@inline export const PIECE_BYTES: usize = 65536;
/** Where a caller puts data that lies in no memory of a module. Only in a memory of its own, without a second place. */
// @ts-ignore: decorator
@inline export const DATA: usize = BASE + 131072;
// @ts-ignore: decorator
@inline export const DATA_BYTES: usize = 65536;
