/**
 * The workspace of one instance. Several instances share one memory, each works in a part of its own that begins at
 * `base`; nothing outside of it is touched but the output, so the module has no static data.
 */

export let base: usize = 0;

export function moveTo(at: usize): void {
  base = at;
}

/** What the format allows: nine times 100,000 bytes before the last step, and six tables. */
// @ts-ignore: decorator
@inline export const MAX_BLOCK: u32 = 900000;
// @ts-ignore: decorator
@inline export const MAX_SELECTORS: u32 = 18002;
// @ts-ignore: decorator
@inline export const MAX_SYMBOLS: u32 = 258;
// @ts-ignore: decorator
@inline export const MAX_CODE_LENGTH: u32 = 20;
/** Longer codes than this are rare and found by their rank instead of a table. */
// @ts-ignore: decorator
@inline export const TABLE_BITS: u32 = 10;

// ---- offsets in the workspace
// @ts-ignore: decorator
@inline export const CRC: usize = 0; // u32[16][256], see crc.ts
// @ts-ignore: decorator
@inline export const TABLES: usize = 16384; // u16[6][1024], see huffman.ts
// @ts-ignore: decorator
@inline export const RANKS: usize = 28672; // 6 times RANKS_STRIDE, see huffman.ts
// @ts-ignore: decorator
@inline export const RANKS_STRIDE: usize = 704;
// @ts-ignore: decorator
@inline export const SELECTORS: usize = 32896; // u8[18002]
// @ts-ignore: decorator
@inline export const LENGTHS: usize = 50944; // u8[258]
// @ts-ignore: decorator
@inline export const RECENT: usize = 51216; // u8[256] behind 16 bytes of slack, see recent.ts
// @ts-ignore: decorator
@inline export const ROTATIONS: usize = 51488; // u8[16][16]
// @ts-ignore: decorator
@inline export const MASKS: usize = 51744; // u8[16][16]
// @ts-ignore: decorator
@inline export const COUNTS: usize = 52000; // u32[256]
/** Last column of the sorted rotations; afterwards, in its place, the bytes before the runs are undone. */
// @ts-ignore: decorator
@inline export const COLUMN: usize = 65536; // u8[900000] and slack
// @ts-ignore: decorator
@inline export const FORWARD: usize = 983040; // u32[900000], see rotations.ts
// @ts-ignore: decorator
@inline export const BACKWARD: usize = 4587520; // u32[900000]
// @ts-ignore: decorator
@inline export const INPUT: usize = 8192000;

/** Where the caller puts a block, from the byte on in which it begins. */
export const inputAt: usize = INPUT;
/** Room for a block is more than any needs: 900,001 symbols of 20 bits, their tables, and slack for whole words. */
export const workspaceBytes: usize = INPUT + 2621440;
/** Writes may go this far past the end of the room for output. */
export const outputSlack: usize = 512;
