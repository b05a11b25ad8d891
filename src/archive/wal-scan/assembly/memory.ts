/** Fixed addresses. What lies below is the checksums' own (hash/assembly/memory.ts). */

// @ts-ignore: decorator
@inline const BASE: usize = 4 * 65536;
/** The header of a record that goes on in another page. */
// @ts-ignore: decorator
@inline export const HEADER: usize = BASE;
/** What has come of such a record, its header first, or of one that began in an earlier segment; see `keep`. */
// @ts-ignore: decorator
@inline export const KEPT: usize = BASE + 4096;
// @ts-ignore: decorator
@inline export const KEPT_BYTES: usize = 1048576;
/** Where the caller puts whole pages. */
// @ts-ignore: decorator
@inline export const INPUT: usize = KEPT + KEPT_BYTES;
// @ts-ignore: decorator
@inline export const INPUT_BYTES: usize = 131072;

/** Of a page of WAL; odo reads no other (XLOG_BLCKSZ, a choice at compile time that nobody makes). */
// @ts-ignore: decorator
@inline export const PAGE_BYTES: usize = 8192;
/** SizeOfXLogRecord (access/xlogrecord.h). */
// @ts-ignore: decorator
@inline export const HEADER_BYTES: usize = 24;
