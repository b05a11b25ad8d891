import { crc32 } from 'node:zlib';
import { type Fault, readNumber, writeNumber } from './container.ts';

/** What the index of a stream must list: its blocks so far. */
export interface BlockRecords {
  readonly count: number;
  /** CRC-32 of the records as the index holds them. */
  readonly crc: number;
}

export const noRecords: BlockRecords = { count: 0, crc: 0 };

/** `unpaddedBytes`: of header, data and check. */
export function addRecord(records: BlockRecords, unpaddedBytes: number, outputBytes: number): BlockRecords {
  const crc = crc32(writeNumber(outputBytes), crc32(writeNumber(unpaddedBytes), records.crc));
  return { count: records.count + 1, crc };
}

/** Reads an index (4) as it arrives, of any number of blocks, and compares it with the blocks that were there. */
export class IndexCheck {
  readonly #expected: BlockRecords;
  #bytes = 0;
  #crc = 0;
  #recordsCrc = 0;
  /** Numbers to come; null before their count was read. */
  #numbers: number | null = null;

  constructor(expected: BlockRecords) {
    this.#expected = expected;
  }

  /** With its CRC-32; known when it was read. @unit bytes */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Reads what is complete in `bytes`, which begins where the bytes that were used before ended.
   * `isEnd`: the index was read to its end, and is what it must be.
   */
  read(bytes: Uint8Array): { used: number; isEnd: boolean } | Fault {
    let at = 0;
    const take = (end: number): void => {
      this.#crc = crc32(bytes.subarray(at, end), this.#crc);
      this.#bytes += end - at;
      at = end;
    };
    if (this.#bytes === 0) {
      if (bytes.length === 0) return { used: 0, isEnd: false };
      take(1);
    }
    while (this.#numbers === null || this.#numbers > 0) {
      const number = readNumber(bytes, at);
      if (number === null) return { used: at, isEnd: false };
      if ('fault' in number || 'unsupported' in number) return { fault: 'invalid number in the index' };
      if (this.#numbers === null) {
        if (number.value !== this.#expected.count)
          return { fault: `an index of ${number.value} blocks behind ${this.#expected.count}` };
        this.#numbers = number.value * 2;
      } else {
        this.#recordsCrc = crc32(bytes.subarray(at, number.end), this.#recordsCrc);
        this.#numbers--;
      }
      take(number.end);
    }
    const padding = (4 - (this.#bytes % 4)) % 4;
    if (bytes.length - at < padding + 4) return { used: at, isEnd: false };
    if (this.#recordsCrc !== this.#expected.crc) return { fault: 'an index of other blocks' };
    if (bytes.subarray(at, at + padding).some((byte) => byte !== 0))
      return { fault: 'padding that is not zero' };
    take(at + padding);
    const stored = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0, true);
    if (stored !== this.#crc) return { fault: 'incorrect data check (CRC-32) of the index' };
    this.#bytes += 4;
    return { used: at + 4, isEnd: true };
  }
}
