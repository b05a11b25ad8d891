/**
 * The list of bytes by how recently they came (move to front). The first 16 are turned by one shuffle; the caller
 * keeps them in a local and calls `fetchFar` for the others.
 */
import { base, MASKS, RECENT, ROTATIONS } from './layout';

export function prepareRecent(): void {
  for (let index: u32 = 0; index < 16; index++) {
    for (let lane: u32 = 0; lane < 16; lane++) {
      const at = <usize>(index * 16 + lane);
      store<u8>(base + ROTATIONS + at, <u8>(lane == 0 ? index : lane <= index ? lane - 1 : lane));
      store<u8>(base + MASKS + at, lane <= index ? 0xff : 0);
    }
  }
}

/** Moves the byte at `index`, 16 or more, to the front of the list in memory. */
export function fetchFar(index: u32): void {
  const list = base + RECENT;
  const byte = load<u8>(list + index);
  let at = list + <usize>(index & ~15);
  const mask = v128.load(base + MASKS + (<usize>(index & 15) << 4));
  v128.store(at, v128.bitselect(v128.load(at - 1), v128.load(at), mask));
  while (at > list) {
    at -= 16;
    v128.store(at, v128.load(at - 1));
  }
  store<u8>(list, byte);
}
