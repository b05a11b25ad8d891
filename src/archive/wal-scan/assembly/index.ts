/**
 * Reads WAL record by record, as xlogreader.c does: AssemblyScript, not TypeScript, compiled by ../build.ts. The caller
 * puts whole pages of one segment at `inputAt`, says how many bytes with `feed`, and calls `scan` until it wants more.
 * A segment is read on its own: what only its neighbours can tell (the first record's link back, a record that goes
 * over the border) is left to whoever chains segments.
 */
import { crc32c, isIntact } from './checksum';
import { HEADER, HEADER_BYTES, INPUT, INPUT_BYTES, KEPT, KEPT_BYTES, PAGE_BYTES } from './memory';
import {
  BAD_CHECKSUM, BAD_LENGTH, BAD_MANAGER, BAD_PREVIOUS, CONTINUATION, MORE, NO_CONTINUATION, NO_RECORD,
  OTHER_CONTINUATION, RECORD, RESTORE_POINT, STOPPED, SWITCHED, TARGET, TIMELINE,
} from './outcomes';
import { checkPage, CONTINUES, expectPages, OVERWRITES, pageHeaderBytes, pageInfo, remainingBytes, timeline } from './pages';
import { countEnd, mainData, readEnd, startCounting, time, xid } from './transactions';
import { fillTables } from '../../hash/assembly/tables';
import { TABLES_C } from '../../hash/assembly/memory';

export const inputAt: usize = INPUT;
export const inputBytes: usize = INPUT_BYTES;
export const keptAt: usize = KEPT;
export const headerAt: usize = HEADER;

export { expectPages, timeline, magic, systemIdentifier, found, expected } from './pages';
export {
  commits, aborts, firstLsn as firstCommitLsn, firstTime as firstCommitTime, firstXid as firstCommitXid,
  lastLsn as lastCommitLsn, lastTime as lastCommitTime, lastXid as lastCommitXid, newestTime,
} from './transactions';

/** Bytes of an earlier segment's record whose checksum the caller makes: they may be the rest of its header. */
// @ts-ignore: decorator
@inline const UNSUMMED: u32 = 16;

// What the caller looks for; `recoveryTarget*` of the server.
// @ts-ignore: decorator
@inline const BY_LSN: i32 = 1;
// @ts-ignore: decorator
@inline const BY_TIME: i32 = 2;
// @ts-ignore: decorator
@inline const BY_XID: i32 = 3;
let targetKind: i32 = 0;
let targetValue: u64 = 0;
let isInclusive: bool = false;
let tellsRecords: bool = false;

let at: usize = 0;
let page: usize = 0;
let pageEnd: usize = 0;
let inputEnd: usize = 0;
let isFirstPage: bool = false;
let startLsn: u64 = 0;

/** Address of the page at hand. */
export let pageLsn: u64 = 0;

export let records: u32 = 0;
export let firstLsn: u64 = 0;
export let firstPrevious: u64 = 0;
/** Where the last valid record begins and ends. */
export let lastLsn: u64 = 0;
export let endLsn: u64 = 0;
/** The record at hand: where it begins, and what of it follows its header. */
export let recordLsn: u64 = 0;
export let recordAt: usize = 0;
export let recordEnd: usize = 0;

/** A record that goes on in another page: bytes that are still to come; of its header have come; the sum of the rest. */
export let remaining: u32 = 0;
export let headerBytes: u32 = 0;
export let crc: u32 = 0;
export let kept: usize = 0;
/** The one at hand began in an earlier segment; `continued` of its bytes have come. */
export let isContinuation: bool = false;
export let continued: u32 = 0;
/** As the segment's first page says. */
export let continuationBytes: u32 = 0;
export let isOverwritten: bool = false;

export let stopReason: i32 = 0;
export let stopLsn: u64 = 0;

/** Once, before anything else. */
export function prepare(): void {
  fillTables(TABLES_C, 0x82f63b78);
}

/**
 * Begins a segment whose first page has the address `address`. What lies before `from` is not looked at, but for the
 * first page's header; 0: everything is. `expectPages` comes first.
 */
export function begin(address: u64, from: u64, major: u32, tellRecords: bool): void {
  pageLsn = address - PAGE_BYTES;
  isFirstPage = true;
  startLsn = from;
  tellsRecords = tellRecords;
  at = page = pageEnd = inputEnd = INPUT;
  records = 0;
  firstLsn = firstPrevious = lastLsn = endLsn = recordLsn = 0;
  remaining = headerBytes = crc = continued = continuationBytes = 0;
  kept = 0;
  isContinuation = false;
  isOverwritten = false;
  stopReason = 0;
  stopLsn = 0;
  targetKind = 0;
  startCounting(major);
}

/** Stop at the first record that meets it, `inclusive` behind it (by time: at the first record later than it). */
export function lookFor(kind: i32, value: u64, inclusive: bool): void {
  targetKind = kind;
  targetValue = value;
  isInclusive = inclusive;
}

/** `bytes` are whole pages; the ones before have all been read. */
export function feed(bytes: usize): void {
  at = page = pageEnd = INPUT;
  inputEnd = INPUT + bytes;
}

/** Of the next byte. */
export function position(): u64 {
  return lsnAt(at);
}

export function scan(): i32 {
  while (true) {
    let outcome = 0;
    if (at == pageEnd) {
      if (pageEnd == inputEnd) return MORE;
      outcome = enterPage();
    } else if (remaining > 0) outcome = continueRecord();
    else outcome = beginRecord();
    if (outcome != 0) return outcome;
  }
}

// @ts-ignore: decorator
@inline
function lsnAt(address: usize): u64 {
  return pageLsn + (address - page);
}

// @ts-ignore: decorator
@inline
function aligned(address: usize): usize {
  return (address + 7) & ~7;
}

function stop(reason: i32, lsn: u64): i32 {
  stopReason = reason;
  stopLsn = lsn;
  return STOPPED;
}

function enterPage(): i32 {
  page = pageEnd;
  pageEnd += PAGE_BYTES;
  pageLsn += PAGE_BYTES;
  const isFirst = isFirstPage;
  isFirstPage = false;
  const isBefore = pageLsn + PAGE_BYTES <= startLsn;
  if (isBefore && !isFirst) {
    at = pageEnd;
    return 0;
  }
  const timelineBefore = timeline;
  const problem = checkPage(page, pageLsn, isFirst);
  if (problem != 0) return stop(problem, pageLsn);
  at = isBefore ? pageEnd : page + pageHeaderBytes(page);
  const outcome = isBefore ? 0 : enterRecords(isFirst);
  if (outcome != 0) return outcome;
  return timeline == timelineBefore ? 0 : TIMELINE;
}

/** The records of a page: what is at hand must go on in it, and nothing else may. */
function enterRecords(isFirst: bool): i32 {
  const info = pageInfo(page);
  const rest = remainingBytes(page);
  if (startLsn != 0 && pageLsn <= startLsn) {
    // Where reading begins nothing goes on.
    if (startLsn > lsnAt(at)) at = page + <usize>(startLsn - pageLsn);
    else if (info & CONTINUES) return stop(OTHER_CONTINUATION, pageLsn);
    return 0;
  }
  if (isFirst) {
    isOverwritten = (info & OVERWRITES) != 0;
    if (info & CONTINUES) {
      if (rest == 0) return stop(OTHER_CONTINUATION, pageLsn);
      isContinuation = true;
      remaining = continuationBytes = rest;
      kept = 0;
      crc = 0;
    }
    return 0;
  }
  if (remaining == 0) return info & CONTINUES ? stop(OTHER_CONTINUATION, pageLsn) : 0;
  if (info & OVERWRITES) {
    // The server crashed within the record at hand, and its page was written anew (XLP_FIRST_IS_OVERWRITE_CONTRECORD).
    remaining = 0;
    if (!isContinuation) return 0;
    isContinuation = false;
    isOverwritten = true;
    return CONTINUATION;
  }
  if (!(info & CONTINUES)) return stop(NO_CONTINUATION, pageLsn);
  return rest == remaining ? 0 : stop(OTHER_CONTINUATION, pageLsn);
}

function beginRecord(): i32 {
  const room = pageEnd - at;
  const total = load<u32>(at);
  recordLsn = lsnAt(at);
  if (<usize>total < HEADER_BYTES) return stop(total == 0 ? NO_RECORD : BAD_LENGTH, recordLsn);
  if (<usize>total <= room) {
    const header = at;
    const problem = checkHeader(header);
    if (problem != 0) return stop(problem, recordLsn);
    const rest = header + HEADER_BYTES;
    const end = header + total;
    if (!isIntact(header, crc32c(0, rest, end - rest))) return stop(BAD_CHECKSUM, recordLsn);
    at = aligned(end);
    return finishRecord(header, rest, end);
  }
  headerBytes = <u32>min<usize>(room, HEADER_BYTES);
  memory.copy(HEADER, at, headerBytes);
  if (<usize>headerBytes == HEADER_BYTES) {
    const problem = checkHeader(HEADER);
    if (problem != 0) return stop(problem, recordLsn);
  }
  isContinuation = false;
  crc = crc32c(0, at + headerBytes, room - headerBytes);
  kept = 0;
  if (isOfInterest()) keep(at, room);
  remaining = total - <u32>room;
  at = pageEnd;
  return 0;
}

function continueRecord(): i32 {
  const bytes = min<usize>(remaining, pageEnd - at);
  const end = at + bytes;
  if (isContinuation) {
    const unsummed = min<usize>(bytes, continued < UNSUMMED ? <usize>(UNSUMMED - continued) : 0);
    crc = crc32c(crc, at + unsummed, bytes - unsummed);
    continued += <u32>bytes;
    keep(at, bytes);
  } else {
    if (kept > 0) keep(at, bytes);
    let rest = at;
    if (<usize>headerBytes < HEADER_BYTES) {
      // Always in one go: a page has room for all of a header.
      const missing = HEADER_BYTES - headerBytes;
      memory.copy(HEADER + headerBytes, at, missing);
      headerBytes = <u32>HEADER_BYTES;
      rest += missing;
      const problem = checkHeader(HEADER);
      if (problem != 0) return stop(problem, recordLsn);
      if (!isOfInterest()) kept = 0;
    }
    crc = crc32c(crc, rest, end - rest);
  }
  remaining -= <u32>bytes;
  at = end;
  if (remaining > 0) return 0;
  at = aligned(end);
  if (isContinuation) {
    isContinuation = false;
    return CONTINUATION;
  }
  if (!isIntact(HEADER, crc)) return stop(BAD_CHECKSUM, recordLsn);
  return finishRecord(HEADER, KEPT + HEADER_BYTES, KEPT + kept);
}

/** Only records whose content matters are kept as a whole: those of the log itself and of transactions, and not page images. */
function isOfInterest(): bool {
  if (<usize>headerBytes < HEADER_BYTES) return true;
  const manager = load<u8>(HEADER, 17);
  return manager == 1 || (manager == 0 && (load<u8>(HEADER, 16) & 0xf0) < 0xa0);
}

function keep(from: usize, bytes: usize): void {
  const taken = min<usize>(bytes, KEPT_BYTES - kept);
  memory.copy(KEPT + kept, from, taken);
  kept += taken;
}

/** The link back, and that there is such a resource manager (RmgrIdIsValid: built in, or of an extension from 128 on). */
// @ts-ignore: decorator
@inline
function checkHeader(header: usize): i32 {
  if (lastLsn != 0 ? load<u64>(header, 8) != lastLsn : load<u64>(header, 8) >= recordLsn) return BAD_PREVIOUS;
  const manager = load<u8>(header, 17);
  return manager > 31 && manager < 128 ? BAD_MANAGER : 0;
}

/** A record whose checksum is right. `rest` to `end`: what follows its header, for those of interest. */
function finishRecord(header: usize, rest: usize, end: usize): i32 {
  const manager = load<u8>(header, 17);
  const endsTransaction = manager == 1 && readEnd(header, rest, end);
  const isTarget = targetKind != 0 && meetsTarget(endsTransaction);
  if (isTarget && (!isInclusive || targetKind == BY_TIME)) return TARGET;
  records++;
  if (firstLsn == 0) {
    firstLsn = recordLsn;
    firstPrevious = load<u64>(header, 8);
  }
  lastLsn = recordLsn;
  endLsn = lsnAt(at);
  if (endsTransaction) countEnd(recordLsn);
  if (isTarget) return TARGET;
  if (manager == 0) {
    const operation = load<u8>(header, 16) & 0xf0;
    if (operation == 0x40) return stop(SWITCHED, endLsn);
    if (operation == 0x70) {
      recordAt = mainData(rest, end);
      recordEnd = end;
      if (recordAt != 0) return RESTORE_POINT;
    }
  }
  return tellsRecords ? RECORD : 0;
}

// @ts-ignore: decorator
@inline
function meetsTarget(endsTransaction: bool): bool {
  if (targetKind == BY_LSN) return recordLsn >= targetValue;
  if (!endsTransaction) return false;
  if (targetKind == BY_XID) return <u64>xid == targetValue;
  return isInclusive ? time > <i64>targetValue : time >= <i64>targetValue;
}

/**
 * A record that crossed the border of segments, put together from both at `keptAt`: takes it in as the last one of the
 * segment that it began in. The caller has verified its checksum. Returns what `scan` would.
 */
export function takeRecord(lsn: u64, bytes: usize): i32 {
  recordLsn = lsn;
  memory.copy(HEADER, KEPT, HEADER_BYTES);
  return finishRecord(HEADER, KEPT + HEADER_BYTES, KEPT + bytes);
}
