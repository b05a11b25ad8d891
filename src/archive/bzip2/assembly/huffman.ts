/**
 * Canonical Huffman codes, highest bit first. An entry of a table is symbol << 5 | length, found by the next 10 bits;
 * 0: the code is longer. Then it is found by its rank: for each length the first number that is too big for a code of
 * it, aligned to 20 bits, and what to add to a code to get its place among all symbols in order of their codes.
 */
import { base, LENGTHS, MAX_CODE_LENGTH, RANKS, RANKS_STRIDE, TABLE_BITS, TABLES } from './layout';

// ---- offsets of one table's ranks
// @ts-ignore: decorator
@inline const LIMITS: usize = 0; // u32[21]
// @ts-ignore: decorator
@inline const OFFSETS: usize = 84; // i32[21]
// @ts-ignore: decorator
@inline const SYMBOLS: usize = 168; // u16[258]

/** Makes table `index` of the code lengths in LENGTHS; false: no prefix code has these lengths. */
export function buildTable(index: u32, symbols: u32): bool {
  const table = base + TABLES + (<usize>index << (TABLE_BITS + 1));
  const ranks = base + RANKS + <usize>index * RANKS_STRIDE;
  memory.fill(table, 0, 1 << (TABLE_BITS + 1));
  let code: u32 = 0;
  let rank: u32 = 0;
  for (let length: u32 = 1; length <= MAX_CODE_LENGTH; length++) {
    store<i32>(ranks + OFFSETS + (<usize>length << 2), <i32>rank - <i32>code);
    for (let symbol: u32 = 0; symbol < symbols; symbol++) {
      if (load<u8>(base + LENGTHS + symbol) != length) continue;
      if (code >> length) return false;
      store<u16>(ranks + SYMBOLS + (<usize>rank << 1), <u16>symbol);
      if (length <= TABLE_BITS) {
        const entry = <u16>((symbol << 5) | length);
        const first = code << (TABLE_BITS - length);
        for (let i: u32 = 0; i < 1 << (TABLE_BITS - length); i++)
          store<u16>(table + (<usize>(first + i) << 1), entry);
      }
      rank++;
      code++;
    }
    store<u32>(ranks + LIMITS + (<usize>length << 2), code << (MAX_CODE_LENGTH - length));
    code <<= 1;
  }
  return true;
}

/** An entry for a code that is longer than the table's bits; 0: there is none. `next20`: the next 20 bits. */
export function longCode(index: u32, next20: u32): u32 {
  const ranks = base + RANKS + <usize>index * RANKS_STRIDE;
  for (let length = TABLE_BITS + 1; length <= MAX_CODE_LENGTH; length++) {
    if (next20 >= load<u32>(ranks + LIMITS + (<usize>length << 2))) continue;
    const code = next20 >> (MAX_CODE_LENGTH - length);
    const rank = <i32>code + load<i32>(ranks + OFFSETS + (<usize>length << 2));
    return (<u32>load<u16>(ranks + SYMBOLS + (<usize>rank << 1)) << 5) | length;
  }
  return 0;
}
