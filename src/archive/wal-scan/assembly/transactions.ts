/**
 * Ends of transactions (access/xact.h). What a target of time or transaction looks at are commits and aborts, prepared
 * ones too, as recoveryStopsBefore and recoveryStopsAfter do (xlogrecovery.c).
 */

// XLOG_XACT_*: the operation, in the high half of xl_info.
// @ts-ignore: decorator
@inline const COMMIT: u32 = 0x00;
// @ts-ignore: decorator
@inline const ABORT: u32 = 0x20;
// @ts-ignore: decorator
@inline const COMMIT_PREPARED: u32 = 0x30;
// @ts-ignore: decorator
@inline const ABORT_PREPARED: u32 = 0x40;
// @ts-ignore: decorator
@inline const HAS_INFO: u32 = 0x80;

// Bits of xl_xact_xinfo.
// @ts-ignore: decorator
@inline const HAS_DATABASE: u32 = 1;
// @ts-ignore: decorator
@inline const HAS_SUBTRANSACTIONS: u32 = 2;
// @ts-ignore: decorator
@inline const HAS_RELATIONS: u32 = 4;
// @ts-ignore: decorator
@inline const HAS_INVALIDATIONS: u32 = 8;
// @ts-ignore: decorator
@inline const HAS_PREPARED: u32 = 16;
// @ts-ignore: decorator
@inline const HAS_DROPPED_STATISTICS: u32 = 256;

/** PostgreSQL 18 made the number of a statistics object eight bytes long. */
let statisticsBytes: usize = 12;

export let commits: u32 = 0;
export let aborts: u32 = 0;
export let firstLsn: u64 = 0;
export let firstTime: i64 = 0;
export let firstXid: u32 = 0;
export let lastLsn: u64 = 0;
export let lastTime: i64 = 0;
export let lastXid: u32 = 0;
/** Of commits and aborts together; a clock may go back between two. */
export let newestTime: i64 = i64.MIN_VALUE;

/** Of the record that `readEnd` has read: of the transaction itself when it was a prepared one. */
export let time: i64 = 0;
export let xid: u32 = 0;
let isCommit: bool = false;

export function startCounting(major: u32): void {
  statisticsBytes = major >= 18 ? 16 : 12;
  commits = 0;
  aborts = 0;
  firstLsn = 0;
  lastLsn = 0;
  newestTime = i64.MIN_VALUE;
}

/** Where the main data begins: behind the origin, the topmost transaction and its length; 0 when there is something else. */
// @ts-ignore: decorator
@inline
export function mainData(at: usize, end: usize): usize {
  while (at < end) {
    const id = load<u8>(at);
    if (id == 253) at += 3;
    else if (id == 252) at += 5;
    else if (id == 255) return at + 2;
    else if (id == 254) return at + 5;
    else return 0;
  }
  return 0;
}

/** Whether the record ends a transaction. `rest` is what follows the header, up to `end`. */
export function readEnd(header: usize, rest: usize, end: usize): bool {
  const info = <u32>load<u8>(header, 16);
  const operation = info & 0x70;
  isCommit = operation == COMMIT || operation == COMMIT_PREPARED;
  if (!isCommit && operation != ABORT && operation != ABORT_PREPARED) return false;
  let at = mainData(rest, end);
  if (at == 0 || at + 8 > end) return false;
  time = load<i64>(at);
  xid = load<u32>(header, 4);
  if ((operation == COMMIT_PREPARED || operation == ABORT_PREPARED) && info & HAS_INFO) xid = preparedXid(at + 8, end);
  return true;
}

/** 0 when it is not within what was kept of a very long record. */
function preparedXid(at: usize, end: usize): u32 {
  if (at + 4 > end) return 0;
  const has = load<u32>(at);
  at += 4;
  if (has & HAS_DATABASE) at += 8;
  if (has & HAS_SUBTRANSACTIONS) at = behindArray(at, end, 4);
  if (has & HAS_RELATIONS) at = behindArray(at, end, 12);
  if (has & HAS_DROPPED_STATISTICS) at = behindArray(at, end, statisticsBytes);
  if (has & HAS_INVALIDATIONS) at = behindArray(at, end, 16);
  return has & HAS_PREPARED && at + 4 <= end ? load<u32>(at) : 0;
}

function behindArray(at: usize, end: usize, itemBytes: usize): usize {
  return at + 4 > end ? end : min<usize>(end, at + 4 + <usize>load<u32>(at) * itemBytes);
}

/** Counts what `readEnd` has read. */
export function countEnd(lsn: u64): void {
  newestTime = max(newestTime, time);
  if (!isCommit) {
    aborts++;
    return;
  }
  commits++;
  if (firstLsn == 0) {
    firstLsn = lsn;
    firstTime = time;
    firstXid = xid;
  }
  lastLsn = lsn;
  lastTime = time;
  lastXid = xid;
}
