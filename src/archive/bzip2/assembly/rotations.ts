/**
 * Undoes the sorting (Burrows-Wheeler). Each step of the way back depends on the one before and misses the cache, so
 * it is gone from both ends at once: FORWARD leads from a byte to the one after it, BACKWARD to the one before. An
 * entry is where to go << 8 | the byte.
 */
import { BACKWARD, base, COLUMN, COUNTS, FORWARD } from './layout';

export function undoSorting(length: u32, origin: u32): void {
  const column = base + COLUMN;
  const counts = base + COUNTS;
  const forward = base + FORWARD;
  const backward = base + BACKWARD;
  memory.fill(counts, 0, 1024);
  for (let i: usize = 0; i < <usize>length; i++) {
    const count = counts + (<usize>load<u8>(column + i) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  let sum: u32 = 0;
  for (let byte: usize = 0; byte < 256; byte++) {
    const count = load<u32>(counts + (byte << 2));
    store<u32>(counts + (byte << 2), sum);
    sum += count;
  }
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(column + <usize>i);
    const count = counts + (<usize>byte << 2);
    const place = load<u32>(count);
    store<u32>(count, place + 1);
    store<u32>(forward + (<usize>place << 2), (i << 8) | byte);
    store<u32>(backward + (<usize>i << 2), (place << 8) | byte);
  }

  let first = column;
  let last = column + length;
  let after = load<u32>(forward + (<usize>origin << 2));
  let before = load<u32>(backward + (<usize>origin << 2));
  while (first + 1 < last) {
    store<u8>(first++, <u8>after);
    store<u8>(--last, <u8>before);
    after = load<u32>(forward + (<usize>(after >> 8) << 2));
    before = load<u32>(backward + (<usize>(before >> 8) << 2));
  }
  if (first < last) store<u8>(first, <u8>after);
}
