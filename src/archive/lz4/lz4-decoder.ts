import { OdoError } from '../../errors/odo-error.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import type { Decoder } from '../decoder.ts';
import {
  type FrameHeader,
  frameHeaderLength,
  frameMagic,
  isSkippableMagic,
  parseFrameHeader,
  shortestHeaderBytes,
} from './frame-header.ts';
import { instantiateLz4, type Lz4, lz4Faults } from './lz4-module.ts';

/** The frame that a decoder is in. */
interface FrameState extends FrameHeader {
  /** Its output so far. @unit bytes */
  readonly outputBytes: number;
  /** XXH32 under way, in hex; empty when the frame has no content checksum. */
  readonly sum: string;
}

export interface Lz4State {
  readonly codec: 'lz4';
  readonly compressedBytes: number;
  readonly outputBytes: number;
  /** Frames completed before, those to be passed over included. */
  readonly frames: number;
  /** Null between frames. */
  readonly frame: FrameState | null;
  /** Left of a frame that is passed over. @unit bytes */
  readonly skipBytes: number;
  /** Up to 64 KiB of output that matches may refer to. */
  readonly window: Uint8Array;
}

const windowBytes = 64 * 1024;
const pieceBytes = 512 * 1024;
/** Blocks are decoded side by side until so much is filled, or one by one when they are larger. @unit bytes */
const leastSlotBytes = 1024 * 1024;
/** A slice stays valid while the next two are produced. */
const slots = 3;
/** The highest bit of a block's length: it is stored as it is. */
const storedFlag = 2 ** 31;
const endMark = 0;

/** An instance's address range is far larger than its memory, so instances are used again, not left to the collector. */
const idle: Lz4[] = [];
const maxIdle = 4;

export async function openLz4Decoder(state?: Lz4State): Promise<Lz4Decoder> {
  return new Lz4Decoder(idle.pop() ?? (await instantiateLz4()), state);
}

/**
 * lz4 frames (lz4_Frame_format.md), several of them, all checksums compared. Whatever is not there in full, a header,
 * a block, is not touched: between two calls the decoder always stands at the begin of one.
 */
export class Lz4Decoder implements Decoder<Lz4State> {
  readonly #instance: Lz4;
  #memory: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));

  #frame: FrameHeader | null = null;
  #frameBytes = 0;
  #frames: number;
  #skipBytes: number;
  #outputBytes: number;
  /** Bytes of the object that were given to `push`. */
  #taken: number;

  #inputAt: number;
  #inputBytes = 0;
  #inPos = 0;
  #inEnd = 0;
  #slotBytes = 0;
  #slot = 0;
  #outPos = 0;
  #outLimit = 0;
  #isReleased = false;

  constructor(instance: Lz4, state?: Lz4State) {
    this.#instance = instance;
    this.#frames = state?.frames ?? 0;
    this.#skipBytes = state?.skipBytes ?? 0;
    this.#outputBytes = state?.outputBytes ?? 0;
    this.#taken = state?.compressedBytes ?? 0;
    this.#inputAt = instance.exports.buffersAt.value;
    this.#arrange(state?.frame?.blockBytes ?? 0);
    if (state?.frame) this.#restore(state.frame, state.window);
  }

  get compressedBytes(): number {
    return this.#taken - (this.#inEnd - this.#inPos);
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < input.length; ) {
      const skipped = this.#inPos === this.#inEnd ? Math.min(this.#skipBytes, input.length - at) : 0;
      this.#skipBytes -= skipped;
      at += skipped;
      const piece = input.subarray(at, at + pieceBytes);
      this.#take(piece);
      this.#taken += skipped + piece.length;
      at += piece.length;
      yield* this.#drain();
    }
  }

  rest(): Uint8Array[] {
    return [];
  }

  finish(): void {
    const isBetween = this.#frame === null && this.#skipBytes === 0 && this.#inPos === this.#inEnd;
    if (isBetween && this.#frames > 0) return;
    const where = this.#taken === 0 ? 'it is empty' : 'inside a frame';
    throw new OdoError('ARCHIVE_CORRUPT', `The lz4 data ends too early: ${where}, at byte ${this.#taken}.`, {
      hint: 'The object is incomplete. Use another backup, or upload it again and start a new run.',
      details: { compressedOffset: this.#taken, outputBytes: this.#outputBytes },
    });
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (idle.length < maxIdle) idle.push(this.#instance);
  }

  snapshot(): Lz4State {
    const frame = this.#frame;
    const kept = frame?.isLinked ? Math.min(windowBytes, this.#frameBytes) : 0;
    const { sumAt, sumBytes } = this.#instance.exports;
    const sum = this.#memory.slice(sumAt.value, sumAt.value + sumBytes.value);
    return {
      codec: 'lz4',
      compressedBytes: this.compressedBytes,
      outputBytes: this.#outputBytes,
      frames: this.#frames,
      frame: frame && {
        ...frame,
        outputBytes: this.#frameBytes,
        sum: frame.hasContentChecksum ? Buffer.from(sum).toString('hex') : '',
      },
      skipBytes: this.#skipBytes,
      window: this.#memory.slice(this.#outPos - kept, this.#outPos),
    };
  }

  #restore({ outputBytes, sum, ...header }: FrameState, window: Uint8Array): void {
    this.#frame = header;
    this.#frameBytes = outputBytes;
    this.#memory.set(window, this.#outPos - window.length);
    this.#memory.set(Buffer.from(sum, 'hex'), this.#instance.exports.sumAt.value);
  }

  /** Makes room for blocks of this size, from `inputAt` on: input that holds one and a piece, then slots. */
  #arrange(blockBytes: number): void {
    const { exports, memory } = this.#instance;
    const slack = exports.slack.value;
    this.#slotBytes = Math.max(leastSlotBytes, blockBytes);
    // The length before a block and the checksum behind it belong to it.
    this.#inputBytes = this.#slotBytes + 8 + 2 * pieceBytes;
    this.#inPos = this.#inputAt;
    this.#inEnd = this.#inputAt;
    const end = this.#slotAt(slots) + slack;
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
    this.#memory = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#enterSlot(0);
  }

  #slotAt(slot: number): number {
    const slack = this.#instance.exports.slack.value;
    return this.#inputAt + this.#inputBytes + slack + slot * (windowBytes + this.#slotBytes + slack);
  }

  #enterSlot(slot: number): void {
    this.#slot = slot;
    this.#outPos = this.#slotAt(slot) + windowBytes;
    this.#outLimit = this.#outPos + this.#slotBytes;
  }

  #take(piece: Uint8Array): void {
    if (this.#inEnd + piece.length > this.#inputAt + this.#inputBytes) {
      copyBytes(this.#memory.subarray(this.#inPos, this.#inEnd), this.#memory, this.#inputAt);
      this.#inEnd -= this.#inPos - this.#inputAt;
      this.#inPos = this.#inputAt;
    }
    copyBytes(piece, this.#memory, this.#inEnd);
    this.#inEnd += piece.length;
  }

  *#drain(): Generator<Uint8Array> {
    for (;;) {
      const skipped = Math.min(this.#skipBytes, this.#inEnd - this.#inPos);
      this.#inPos += skipped;
      this.#skipBytes -= skipped;
      if (this.#skipBytes > 0) return;
      if (this.#frame === null) {
        if (!this.#beginFrame()) return;
        continue;
      }
      const slice = this.#readBlock(this.#frame);
      if (slice === null) return;
      if (slice.length > 0) yield slice;
    }
  }

  /** False when more input is needed. */
  #beginFrame(): boolean {
    const available = this.#inEnd - this.#inPos;
    if (available < 4) return false;
    const magic = this.#view.getUint32(this.#inPos, true);
    if (isSkippableMagic(magic)) {
      if (available < 8) return false;
      this.#skipBytes = this.#view.getUint32(this.#inPos + 4, true);
      this.#inPos += 8;
      this.#frames++;
      return true;
    }
    if (magic !== frameMagic)
      throw this.#corrupt(this.#frames === 0 ? 'no lz4 frame begins here' : 'data behind the last frame');
    if (available < shortestHeaderBytes) return false;
    const length = frameHeaderLength(this.#memory.subarray(this.#inPos, this.#inEnd));
    if (available < length) return false;
    const bytes = this.#memory.subarray(this.#inPos, this.#inPos + length);
    // The magic is not part of what the second byte of this sum is of.
    const sum = this.#instance.exports.xxh32(this.#inPos + 4, length - 5);
    if (bytes[length - 1] !== ((sum >>> 8) & 0xff)) throw this.#corrupt('wrong checksum of a frame header');
    const header = parseFrameHeader(bytes);
    if (typeof header === 'string') throw this.#corrupt(header);
    this.#inPos += length;
    this.#frame = header;
    this.#frameBytes = 0;
    if (header.blockBytes > this.#slotBytes) this.#rearrange(header.blockBytes);
    this.#instance.exports.sumBegin();
    return true;
  }

  /** For blocks larger than those of the frames before; behind these, whose slices may still be looked at. */
  #rearrange(blockBytes: number): void {
    const input = this.#memory.subarray(this.#inPos, this.#inEnd);
    this.#inputAt = this.#slotAt(slots);
    this.#arrange(blockBytes);
    this.#take(input);
  }

  /** The next block decoded, or nothing at the end of the frame; null when more input is needed. */
  #readBlock(frame: FrameHeader): Uint8Array | null {
    const available = this.#inEnd - this.#inPos;
    if (available < 4) return null;
    const word = this.#view.getUint32(this.#inPos, true);
    if (word === endMark) return this.#endFrame(frame);
    const length = word % storedFlag;
    if (length > frame.blockBytes) throw this.#corrupt('a block longer than its frame allows');
    const checksumBytes = frame.hasBlockChecksums ? 4 : 0;
    if (available < 4 + length + checksumBytes) return null;
    const block = this.#inPos + 4;
    const { exports } = this.#instance;
    if (frame.hasBlockChecksums) {
      const sum = exports.xxh32(block, length) >>> 0;
      if (sum !== this.#view.getUint32(block + length, true))
        throw this.#corrupt('wrong checksum of a block');
    }
    const out = this.#makeRoom(frame);
    let bytes = length;
    if (word >= storedFlag) {
      copyBytes(this.#memory.subarray(block, block + length), this.#memory, out);
    } else {
      const low = frame.isLinked ? out - Math.min(windowBytes, this.#frameBytes) : out;
      bytes = exports.decodeBlock(block, block + length, out, out + frame.blockBytes, low);
      if (bytes < 0) throw this.#corrupt(lz4Faults[bytes] ?? `fault ${bytes}`);
    }
    if (frame.hasContentChecksum) exports.sumUpdate(out, bytes, this.#frameBytes >>> 0);
    this.#inPos = block + length + checksumBytes;
    this.#outPos = out + bytes;
    this.#frameBytes += bytes;
    this.#outputBytes += bytes;
    return this.#memory.subarray(out, this.#outPos);
  }

  /** Where the next block goes; moves to the next slot, with the history, when it may not fit into this one. */
  #makeRoom(frame: FrameHeader): number {
    if (this.#outPos + frame.blockBytes <= this.#outLimit) return this.#outPos;
    const history = frame.isLinked ? Math.min(windowBytes, this.#frameBytes) : 0;
    const from = this.#outPos;
    this.#enterSlot((this.#slot + 1) % slots);
    copyBytes(this.#memory.subarray(from - history, from), this.#memory, this.#outPos - history);
    return this.#outPos;
  }

  #endFrame(frame: FrameHeader): Uint8Array | null {
    const checksumBytes = frame.hasContentChecksum ? 4 : 0;
    if (this.#inEnd - this.#inPos < 4 + checksumBytes) return null;
    const { contentBytes } = frame;
    if (contentBytes !== null && contentBytes !== this.#frameBytes)
      throw this.#corrupt(`a frame of ${this.#frameBytes} bytes that says it has ${contentBytes}`);
    if (frame.hasContentChecksum) {
      const sum = this.#instance.exports.sumEnd(this.#frameBytes >>> 0, this.#frameBytes < 16) >>> 0;
      if (sum !== this.#view.getUint32(this.#inPos + 4, true))
        throw this.#corrupt('wrong checksum of a frame’s content');
    }
    this.#inPos += 4 + checksumBytes;
    this.#frame = null;
    this.#frames++;
    return this.#memory.subarray(this.#outPos, this.#outPos);
  }

  #corrupt(what: string): OdoError {
    const { compressedBytes: compressedOffset, outputBytes } = this;
    return new OdoError('ARCHIVE_CORRUPT', `The lz4 data is damaged at byte ${compressedOffset}: ${what}.`, {
      hint: 'The object is not what was uploaded. Use another backup.',
      details: { compressedOffset, outputBytes, fault: what },
    });
  }
}
