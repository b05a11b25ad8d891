import { pageData } from './codec-samples.ts';
import { numbersFrom } from './gzip-samples.ts';

/** What streams.bz2 holds. */
export const streams = Buffer.concat([
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => pageData(level, 3000)),
  pageData(10, 500),
]);

export const blockMark = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
export const endMark = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

/** Bits, highest first. */
class BitWriter {
  #bits = '';

  add(value: number, count: number): void {
    this.#bits += value.toString(2).padStart(count, '0').slice(-count);
  }

  get bytes(): Buffer {
    const padded = this.#bits.padEnd(Math.ceil(this.#bits.length / 8) * 8, '0');
    return Buffer.from(padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
  }
}

/** bzip2's CRC-32, a bit at a time. */
function crcOf(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  return ~crc >>> 0;
}

/** What a list of symbols (2 to 254: a place in the list) stands for, and the origin: null when it is no one cycle. */
function expand(symbols: readonly number[], origin: number): Buffer | null {
  const recent = Array.from({ length: 254 }, (_, byte) => byte);
  const column = symbols.map((symbol) => {
    const [byte] = recent.splice(symbol - 1, 1);
    recent.unshift(byte!);
    return byte!;
  });
  const order = column.map((_, i) => i).sort((a, b) => column[a]! - column[b]! || a - b);
  const output: number[] = [];
  for (let at = order[origin]!; output.length < column.length; at = order[at]!) {
    output.push(column[at]!);
    if (at === origin && output.length < column.length) return null;
  }
  return Buffer.from(output);
}

export interface CraftedBlock {
  /** Of codes of 8 bits: they appear in the stream as they are. */
  readonly symbols: readonly number[];
  /** Written instead of the right one. */
  readonly crc?: number;
  readonly isRandomised?: boolean;
}

/**
 * A stream whose blocks spell out any bytes but 0, 1 and 255, which no compressor can be made to do. `bytes` is null
 * where the symbols are no block's (try others).
 */
export function craftStream(
  blocks: readonly CraftedBlock[],
  level = 9,
): { stored: Buffer; bytes: Buffer } | null {
  const bits = new BitWriter();
  for (const byte of Buffer.from(`BZh${level}`)) bits.add(byte, 8);
  let combined = 0;
  const outputs: Buffer[] = [];
  for (const { symbols, crc, isRandomised = false } of blocks) {
    const bytes = expand(symbols, 0);
    // Four equal bytes would be the beginning of a run.
    if (bytes === null || /(.)\1\1\1/s.test(bytes.toString('latin1'))) return null;
    outputs.push(bytes);
    const sum = crc ?? crcOf(bytes);
    combined = (((combined << 1) | (combined >>> 31)) ^ sum) >>> 0;
    bits.add(0x314159, 24);
    bits.add(0x265359, 24);
    bits.add(sum, 32);
    bits.add(isRandomised ? 1 : 0, 1);
    bits.add(0, 24);
    // 254 bytes are in use: with the digits of runs and the end 256 symbols, each with a code of 8 bits.
    bits.add(0xffff, 16);
    for (let group = 0; group < 16; group++) bits.add(group === 15 ? 0xfffc : 0xffff, 16);
    bits.add(2, 3);
    const groups = Math.ceil((symbols.length + 1) / 50);
    bits.add(groups, 15);
    bits.add(0, groups);
    for (let table = 0; table < 2; table++) {
      bits.add(8, 5);
      bits.add(0, 256);
    }
    for (const symbol of [...symbols, 255]) bits.add(symbol, 8);
  }
  bits.add(0x177245, 24);
  bits.add(0x385090, 24);
  bits.add(combined, 32);
  return { stored: bits.bytes, bytes: Buffer.concat(outputs) };
}

/** The stream of the blocks that `look` makes of random symbols, at the first seed where that are blocks. */
export function crafted(look: (random: number[]) => CraftedBlock[]): { stored: Buffer; bytes: Buffer } {
  for (let seed = 1; seed < 5000; seed++) {
    const below = numbersFrom(seed);
    const made = craftStream(look(Array.from({ length: 30 }, () => 2 + below(253))));
    if (made !== null) return made;
  }
  throw new Error('no seed makes a block');
}
