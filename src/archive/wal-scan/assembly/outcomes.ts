/** Why `scan` returns. The same numbers are in ../wal-scan-module.ts. */
// @ts-ignore: decorator
@inline export const MORE: i32 = 0; // all pages are read
// @ts-ignore: decorator
@inline export const CONTINUATION: i32 = 1; // the rest of an earlier segment's record has come, or was overwritten
// @ts-ignore: decorator
@inline export const RESTORE_POINT: i32 = 2; // `recordAt` is a restore point
// @ts-ignore: decorator
@inline export const TIMELINE: i32 = 3; // the page says another timeline than the one before
// @ts-ignore: decorator
@inline export const RECORD: i32 = 4; // a record was read, and the caller wants to hear of each
// @ts-ignore: decorator
@inline export const TARGET: i32 = 5; // the target is met; nothing behind it is read
// @ts-ignore: decorator
@inline export const STOPPED: i32 = 6; // `stopReason` says why nothing behind `stopLsn` can be read

// Reasons to stop.
// @ts-ignore: decorator
@inline export const NO_RECORD: i32 = 1; // zeros where a record would begin
// @ts-ignore: decorator
@inline export const BAD_LENGTH: i32 = 2;
// @ts-ignore: decorator
@inline export const BAD_PREVIOUS: i32 = 3;
// @ts-ignore: decorator
@inline export const BAD_MANAGER: i32 = 4;
// @ts-ignore: decorator
@inline export const BAD_CHECKSUM: i32 = 5;
// @ts-ignore: decorator
@inline export const BAD_MAGIC: i32 = 6;
// @ts-ignore: decorator
@inline export const BAD_FLAGS: i32 = 7;
// @ts-ignore: decorator
@inline export const OTHER_SYSTEM: i32 = 8;
// @ts-ignore: decorator
@inline export const OTHER_SEGMENT_SIZE: i32 = 9;
// @ts-ignore: decorator
@inline export const OTHER_PAGE_SIZE: i32 = 10;
// @ts-ignore: decorator
@inline export const OTHER_ADDRESS: i32 = 11;
// @ts-ignore: decorator
@inline export const OLDER_TIMELINE: i32 = 12;
// @ts-ignore: decorator
@inline export const NO_CONTINUATION: i32 = 13; // the page does not go on with the record at hand
// @ts-ignore: decorator
@inline export const OTHER_CONTINUATION: i32 = 14; // it goes on with a record that is not the one at hand
// @ts-ignore: decorator
@inline export const SWITCHED: i32 = 15; // a switch record: the rest of the segment is empty
