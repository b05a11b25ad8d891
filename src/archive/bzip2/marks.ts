/** 48-bit numbers that blocks and ends of streams begin with, at any bit: 3.14159265359 and the root of it. */
export type Mark = 'block' | 'end';

export const markBits = 48;
const halves: Readonly<Record<Mark, readonly [number, number]>> = {
  block: [0x314159, 0x265359],
  end: [0x177245, 0x385090],
};

/** Up to 32 bits, the highest first. Zeros behind the end of `bytes`. */
export function bitsAt(bytes: Uint8Array, bit: number, count: number): number {
  let value = 0;
  let left = count;
  for (let at = bit; left > 0; ) {
    const inByte = Math.min(left, 8 - (at % 8));
    const byte = bytes[Math.floor(at / 8)] ?? 0;
    value = value * 2 ** inByte + ((byte >> (8 - (at % 8) - inByte)) & (2 ** inByte - 1));
    at += inByte;
    left -= inByte;
  }
  return value;
}

/** The mark at a bit, if there is one. */
export function markAt(bytes: Uint8Array, bit: number): Mark | null {
  const first = bitsAt(bytes, bit, 24);
  for (const mark of ['block', 'end'] as const) {
    const [high, low] = halves[mark];
    if (first === high && bitsAt(bytes, bit + 24, 24) === low) return mark;
  }
  return null;
}

/**
 * For the byte `n` bytes behind the one in which a mark begins: which of the 16 ways (2 marks, 8 bits to begin at)
 * it may belong to.
 */
function waysOfByte(n: number): Uint16Array {
  const ways = new Uint16Array(256);
  for (const [i, mark] of (['block', 'end'] as const).entries()) {
    const [high, low] = halves[mark];
    const bytes = Uint8Array.of(high >> 16, high >> 8, high, low >> 16, low >> 8, low);
    for (let bit = 0; bit < 8; bit++) {
      const byte = bitsAt(bytes, n * 8 - bit, 8);
      ways[byte] = (ways[byte] ?? 0) | (1 << (i * 8 + bit));
    }
  }
  return ways;
}

const waysOfSecond = waysOfByte(1);
const waysOfThird = waysOfByte(2);

/**
 * Bits at which a mark begins, in order, among those that begin in a byte of [from, to). It may be one by chance: a
 * block's data can look like a mark.
 */
export function findMarks(bytes: Uint8Array, from: number, to: number): number[] {
  const found: number[] = [];
  for (let at = from; at < to; at++) {
    let ways = waysOfSecond[bytes[at + 1] ?? 0] ?? 0;
    if (ways === 0) continue;
    ways &= waysOfThird[bytes[at + 2] ?? 0] ?? 0;
    for (let way = 0; ways >> way !== 0; way++) {
      if ((ways >> way) % 2 === 0) continue;
      const bit = at * 8 + (way % 8);
      if (markAt(bytes, bit) !== null) found.push(bit);
    }
  }
  return found;
}
