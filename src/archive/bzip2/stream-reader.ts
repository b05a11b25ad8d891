import type { OdoError } from '../../errors/odo-error.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import { damagedData, endedEarly } from '../damage.ts';
import { bitsAt, findMarks, markAt, markBits } from './marks.ts';

/**
 * What is expected at the position.
 * - `header`: `BZh` and the level, or the end of the object
 * - `mark`: of a block, or of the end of the stream
 * - `block`: a block behind its mark
 * - `end`: the CRC of the whole stream, behind the mark of its end
 */
type Phase = 'header' | 'mark' | 'block' | 'end';

/** Where a block begins, or a stream ends: nothing of the output so far is needed to go on there. */
export interface Bzip2State {
  readonly codec: 'bzip2';
  readonly compressedBytes: number;
  readonly outputBytes: number;
  readonly phase: Phase;
  /** The last of the bytes used up, of which `pendingCount` bits belong to what follows. */
  readonly pendingByte: number;
  readonly pendingCount: number;
  /** Of the stream: a block has at most this many times 100,000 bytes before its runs are undone. */
  readonly level: number;
  /** Of the stream's blocks so far, combined. */
  readonly crc: number;
  /** Completed before. */
  readonly streams: number;
}

/** A block's place in the object. Bits count from the first byte of `bytes`. */
export interface BlockPlace {
  /** Of the object, where the block's data begins, behind the mark. @unit bits */
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly bit: number;
}

/** What decoding a block has found. */
export interface DecodedBlock {
  /** @unit bits */
  readonly usedBits: number;
  readonly crc: number;
  /** Before runs are undone. @unit bytes */
  readonly length: number;
}

/** A block has at most 900,001 symbols of 20 bits; the rest is for its tables. The decoder has room for no more. */
const maxBlockBits = 2_600_000 * 8;
const headerBytes = 4;

/** Reads everything of a bzip2 object but its blocks: headers, marks, ends, and where blocks begin and end. */
export class StreamReader {
  /** Compressed bytes that may still be needed, of which the first is byte `#start` of the object. */
  #bytes = new Uint8Array(1 << 20);
  #length = 0;
  #start: number;
  /** Marks of blocks and ends behind the position, in order. @unit bits of the object */
  #marks: number[] = [];
  #scanned: number;

  #phase: Phase;
  /** @unit bits of the object */
  #position: number;
  #level: number;
  #crc: number;
  #streams: number;
  #outputBytes: number;

  constructor(state?: Bzip2State) {
    this.#phase = state?.phase ?? 'header';
    this.#level = state?.level ?? 0;
    this.#crc = state?.crc ?? 0;
    this.#streams = state?.streams ?? 0;
    this.#outputBytes = state?.outputBytes ?? 0;
    this.#start = state?.compressedBytes ?? 0;
    this.#position = this.#start * 8;
    this.#scanned = this.#start;
    if (state === undefined || state.pendingCount === 0) return;
    this.#position -= state.pendingCount;
    this.#start--;
    this.#bytes[0] = state.pendingByte;
    this.#length = 1;
  }

  /** Where the input ends that has arrived. @unit bytes of the object */
  get takenBytes(): number {
    return this.#start + this.#length;
  }

  /** Where what comes next begins. @unit bits of the object */
  get position(): number {
    return this.#position;
  }

  /** The same, or nearly so. @unit bytes of the object */
  get compressedBytes(): number {
    return Math.ceil(this.#position / 8);
  }

  /** Before the next block. @unit bytes */
  get outputBytes(): number {
    return this.#outputBytes;
  }

  add(input: Uint8Array): void {
    this.#makeRoom(input.length);
    copyBytes(input, this.#bytes, this.#length);
    this.#length += input.length;
    this.#scan(this.#length - 7);
  }

  /** No more input comes: a mark may end with the last byte. */
  end(): void {
    this.#scan(this.#length - 6);
  }

  /**
   * The block at the position, up to the next mark or to the one after `skip` further ones, which have been found to be
   * none. Null when that is not there yet.
   */
  nextBlock(skip: number): BlockPlace | null {
    this.#advance();
    if (this.#phase !== 'block') return null;
    const end = this.#marks[skip];
    if ((end ?? this.takenBytes * 8) - this.#position > maxBlockBits)
      throw this.corrupt('a block longer than any can be');
    return end === undefined ? null : this.#place(this.#position, end);
  }

  /** Blocks that begin behind the position, if their marks are no chance: in order, as far as the next mark is known. */
  *laterBlocks(): Generator<BlockPlace> {
    for (const [i, mark] of this.#marks.entries()) {
      const end = this.#marks[i + 1];
      if (end === undefined) return;
      const position = mark + markBits;
      if (markAt(this.#bytes, mark - this.#start * 8) !== 'block') continue;
      if (end > position && end - position <= maxBlockBits) yield this.#place(position, end);
    }
  }

  /** The block at the position was decoded; `outputBytes`: what it expanded to. */
  accept(block: DecodedBlock, outputBytes: number): void {
    if (block.length > this.#level * 100_000)
      throw this.corrupt(`a block longer than level ${this.#level} allows`);
    this.#crc = (((this.#crc << 1) | (this.#crc >>> 31)) ^ block.crc) >>> 0;
    this.#outputBytes += outputBytes;
    this.#phase = 'mark';
    this.#moveTo(this.#position + block.usedBits);
    this.#advance();
  }

  finish(): void {
    this.#advance();
    const isEnd = this.#phase === 'header' && this.#streams > 0 && this.#position === this.takenBytes * 8;
    if (isEnd) return;
    const { takenBytes: compressedOffset, outputBytes } = this;
    throw endedEarly('bzip2', `inside the ${inWords[this.#phase]}`, { compressedOffset, outputBytes });
  }

  snapshot(): Bzip2State {
    const { compressedBytes } = this;
    return {
      codec: 'bzip2',
      compressedBytes,
      outputBytes: this.#outputBytes,
      phase: this.#phase,
      pendingByte: this.#bytes[compressedBytes - 1 - this.#start] ?? 0,
      pendingCount: compressedBytes * 8 - this.#position,
      level: this.#level,
      crc: this.#crc,
      streams: this.#streams,
    };
  }

  /** ARCHIVE_CORRUPT at the position. */
  corrupt(fault: string): OdoError {
    const compressedOffset = Math.floor(this.#position / 8);
    return damagedData('bzip2', fault, { compressedOffset, outputBytes: this.#outputBytes });
  }

  /** Up to the next block, as far as the input reaches. */
  #advance(): void {
    for (;;) {
      const bit = this.#position - this.#start * 8;
      const there = this.#length * 8 - bit;
      switch (this.#phase) {
        case 'block':
          return;
        case 'header':
          if (there < headerBytes * 8) return;
          this.#readHeader(bit / 8);
          break;
        case 'mark': {
          if (there < markBits) return;
          const mark = markAt(this.#bytes, bit);
          if (mark === null) throw this.corrupt('neither a block nor the end of the stream');
          this.#phase = mark;
          this.#moveTo(this.#position + markBits);
          break;
        }
        case 'end': {
          if (there < 32) return;
          if (bitsAt(this.#bytes, bit, 32) !== this.#crc)
            throw this.corrupt('incorrect data check (CRC-32) of the stream');
          this.#streams++;
          this.#phase = 'header';
          this.#moveTo(Math.ceil((this.#position + 32) / 8) * 8);
          break;
        }
      }
    }
  }

  #readHeader(at: number): void {
    const header = Buffer.from(this.#bytes.subarray(at, at + headerBytes)).toString('latin1');
    const level = /^BZh([1-9])$/.exec(header)?.[1];
    if (level === undefined) {
      throw this.corrupt(
        this.#streams === 0 ? 'not a bzip2 header' : `data after the end of stream ${this.#streams}`,
      );
    }
    this.#level = Number(level);
    this.#crc = 0;
    this.#phase = 'mark';
    this.#moveTo(this.#position + headerBytes * 8);
  }

  #moveTo(position: number): void {
    this.#position = position;
    const passed = this.#marks.findIndex((mark) => mark >= position);
    this.#marks.splice(0, passed === -1 ? this.#marks.length : passed);
  }

  #place(position: number, end: number): BlockPlace {
    const from = Math.floor(position / 8);
    return {
      position,
      bytes: this.#bytes.subarray(from - this.#start, Math.ceil(end / 8) - this.#start),
      bit: position % 8,
    };
  }

  #scan(to: number): void {
    const from = this.#scanned - this.#start;
    if (to < from) return;
    for (const bit of findMarks(this.#bytes, from, to + 1)) {
      const mark = this.#start * 8 + bit;
      if (mark >= this.#position) this.#marks.push(mark);
    }
    this.#scanned = this.#start + to + 1;
  }

  /** Drops what is used up, except for the byte that the position's bits are in. */
  #makeRoom(bytes: number): void {
    const used = Math.max(0, Math.floor(this.#position / 8) - 1 - this.#start);
    let to = this.#bytes;
    if (this.#length - used + bytes > to.length)
      to = new Uint8Array(2 ** Math.ceil(Math.log2(this.#length - used + bytes)));
    else if (this.#length + bytes <= to.length) return;
    copyBytes(this.#bytes.subarray(used, this.#length), to, 0);
    this.#bytes = to;
    this.#start += used;
    this.#length -= used;
  }
}

const inWords: Readonly<Record<Phase, string>> = {
  header: 'header of a stream',
  mark: 'mark of a block',
  block: 'compressed data of a block',
  end: 'checksum at the end of a stream',
};
