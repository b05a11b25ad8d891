/** Page headers (access/xlog_internal.h, XLogPageHeaderData), as XLogReaderValidatePageHeader checks them. */
import {
  BAD_FLAGS, BAD_MAGIC, OLDER_TIMELINE, OTHER_ADDRESS, OTHER_PAGE_SIZE, OTHER_SEGMENT_SIZE, OTHER_SYSTEM,
} from './outcomes';
import { PAGE_BYTES } from './memory';

// Bits of xlp_info.
// @ts-ignore: decorator
@inline export const CONTINUES: u32 = 1;
// @ts-ignore: decorator
@inline export const LONG: u32 = 2;
// @ts-ignore: decorator
@inline export const OVERWRITES: u32 = 8;
// @ts-ignore: decorator
@inline const KNOWN_BITS: u32 = 15;

let expectedMagic: u32 = 0;
let expectedSystem: u64 = 0;
let expectedSegmentBytes: u32 = 0;

/** Of the page checked last, and of the first. */
export let timeline: u32 = 0;
export let magic: u32 = 0;
export let systemIdentifier: u64 = 0;
/** What the page says, and what it should, of the last check that failed. */
export let found: u64 = 0;
export let expected: u64 = 0;

/** 0 for what is not known beforehand: then the first page tells. */
export function expectPages(magicOfMajor: u32, system: u64, segmentBytes: u32): void {
  expectedMagic = magicOfMajor;
  expectedSystem = system;
  expectedSegmentBytes = segmentBytes;
  timeline = 0;
  magic = 0;
  systemIdentifier = 0;
  found = 0;
  expected = 0;
}

// @ts-ignore: decorator
@inline
export function pageInfo(page: usize): u32 {
  return load<u16>(page, 2);
}

// @ts-ignore: decorator
@inline
export function pageHeaderBytes(page: usize): usize {
  return pageInfo(page) & LONG ? 40 : 24;
}

// @ts-ignore: decorator
@inline
export function remainingBytes(page: usize): u32 {
  return load<u32>(page, 16);
}

// @ts-ignore: decorator
@inline
function differs(is: u64, should: u64): bool {
  if (is == should) return false;
  found = is;
  expected = should;
  return true;
}

/** 0, or why this is not the page that belongs to `address`. */
export function checkPage(page: usize, address: u64, isFirst: bool): i32 {
  const pageMagic = <u32>load<u16>(page);
  const info = pageInfo(page);
  if (isFirst) magic = expectedMagic == 0 ? pageMagic : expectedMagic;
  if (differs(pageMagic, magic)) return BAD_MAGIC;
  if ((info & ~KNOWN_BITS) != 0 || ((info & LONG) != 0) != isFirst) {
    found = info;
    expected = isFirst ? LONG : 0;
    return BAD_FLAGS;
  }
  if (isFirst) {
    systemIdentifier = load<u64>(page, 24);
    if (expectedSystem != 0 && differs(systemIdentifier, expectedSystem)) return OTHER_SYSTEM;
    if (differs(load<u32>(page, 32), expectedSegmentBytes)) return OTHER_SEGMENT_SIZE;
    if (differs(load<u32>(page, 36), PAGE_BYTES)) return OTHER_PAGE_SIZE;
  }
  if (differs(load<u64>(page, 8), address)) return OTHER_ADDRESS;
  const own = load<u32>(page, 4);
  if (own < timeline) {
    found = own;
    expected = timeline;
    return OLDER_TIMELINE;
  }
  timeline = own;
  return 0;
}
