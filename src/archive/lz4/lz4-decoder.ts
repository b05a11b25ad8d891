import type { OdoError } from '../../errors/odo-error.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import { BlockBuffers, pieceBytes } from '../block-buffers.ts';
import { damagedData, endedEarly } from '../damage.ts';
import type { Decoder } from '../decoder.ts';
import { IdleInstances } from '../wasm/idle-instances.ts';
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
/** The highest bit of a block's length: it is stored as it is. */
const storedFlag = 2 ** 31;
const endMark = 0;

const idle = new IdleInstances<Lz4>(4);

export async function openLz4Decoder(state?: Lz4State): Promise<Lz4Decoder> {
  return new Lz4Decoder(await idle.take(instantiateLz4), state);
}

/**
 * lz4 frames (lz4_Frame_format.md), several of them, all checksums compared. Whatever is not there in full, a header,
 * a block, is not touched: between two calls the decoder always stands at the begin of one.
 */
export class Lz4Decoder implements Decoder<Lz4State> {
  readonly #instance: Lz4;
  readonly release: () => void;
  readonly #buffers: BlockBuffers;
  #frame: FrameHeader | null = null;
  #frameBytes = 0;
  #frames: number;
  #skipBytes: number;
  #outputBytes: number;
  /** Bytes of the object that were given to `push`. */
  #taken: number;

  constructor(instance: Lz4, state?: Lz4State) {
    const { buffersAt, slack } = instance.exports;
    this.#instance = instance;
    this.release = idle.returning(instance);
    this.#buffers = new BlockBuffers(instance.memory, {
      at: buffersAt.value,
      slackBytes: slack.value,
      extraBytes: 8,
      windowBytes,
    });
    this.#frames = state?.frames ?? 0;
    this.#skipBytes = state?.skipBytes ?? 0;
    this.#outputBytes = state?.outputBytes ?? 0;
    this.#taken = state?.compressedBytes ?? 0;
    if (state?.frame) this.#restore(state.frame, state.window);
  }

  get compressedBytes(): number {
    return this.#taken - this.#buffers.available;
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < input.length; ) {
      const skipped = this.#buffers.available === 0 ? Math.min(this.#skipBytes, input.length - at) : 0;
      this.#skipBytes -= skipped;
      at += skipped;
      const piece = input.subarray(at, at + pieceBytes);
      this.#buffers.take(piece);
      this.#taken += skipped + piece.length;
      at += piece.length;
      yield* this.#drain();
    }
  }

  rest(): Uint8Array[] {
    return [];
  }

  finish(): void {
    const isBetween = this.#frame === null && this.#skipBytes === 0 && this.#buffers.available === 0;
    if (isBetween && this.#frames > 0) return;
    throw endedEarly('lz4', 'inside a frame', {
      compressedOffset: this.#taken,
      outputBytes: this.#outputBytes,
    });
  }

  snapshot(): Lz4State {
    const frame = this.#frame;
    const kept = frame?.isLinked ? Math.min(windowBytes, this.#frameBytes) : 0;
    const { sumAt, sumBytes } = this.#instance.exports;
    const { bytes, outPos } = this.#buffers;
    const sum = bytes.slice(sumAt.value, sumAt.value + sumBytes.value);
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
      window: bytes.slice(outPos - kept, outPos),
    };
  }

  #restore({ outputBytes, sum, ...header }: FrameState, window: Uint8Array): void {
    this.#frame = header;
    this.#frameBytes = outputBytes;
    this.#buffers.expect(header.blockBytes);
    const { bytes, outPos } = this.#buffers;
    bytes.set(window, outPos - window.length);
    bytes.set(Buffer.from(sum, 'hex'), this.#instance.exports.sumAt.value);
  }

  *#drain(): Generator<Uint8Array> {
    for (;;) {
      const skipped = Math.min(this.#skipBytes, this.#buffers.available);
      this.#buffers.inPos += skipped;
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
    const { available, inPos, view, bytes } = this.#buffers;
    if (available < 4) return false;
    const magic = view.getUint32(inPos, true);
    if (isSkippableMagic(magic)) {
      if (available < 8) return false;
      this.#skipBytes = view.getUint32(inPos + 4, true);
      this.#buffers.inPos += 8;
      this.#frames++;
      return true;
    }
    if (magic !== frameMagic)
      throw this.#corrupt(this.#frames === 0 ? 'no lz4 frame begins here' : 'data behind the last frame');
    if (available < shortestHeaderBytes) return false;
    const length = frameHeaderLength(bytes.subarray(inPos, inPos + shortestHeaderBytes));
    if (available < length) return false;
    // The magic is not part of what the second byte of this sum is of.
    const sum = this.#instance.exports.xxh32(inPos + 4, length - 5);
    if (bytes[inPos + length - 1] !== ((sum >>> 8) & 0xff))
      throw this.#corrupt('wrong checksum of a frame header');
    const header = parseFrameHeader(bytes.subarray(inPos, inPos + length));
    if (typeof header === 'string') throw this.#corrupt(header);
    this.#buffers.inPos += length;
    this.#buffers.expect(header.blockBytes);
    this.#frame = header;
    this.#frameBytes = 0;
    this.#instance.exports.sumBegin();
    return true;
  }

  /** The next block decoded, or nothing at the end of the frame; null when more input is needed. */
  #readBlock(frame: FrameHeader): Uint8Array | null {
    const { available, inPos, view, bytes } = this.#buffers;
    if (available < 4) return null;
    const word = view.getUint32(inPos, true);
    if (word === endMark) return this.#endFrame(frame);
    const length = word % storedFlag;
    if (length > frame.blockBytes) throw this.#corrupt('a block longer than its frame allows');
    const checksumBytes = frame.hasBlockChecksums ? 4 : 0;
    if (available < 4 + length + checksumBytes) return null;
    const block = inPos + 4;
    const { exports } = this.#instance;
    if (
      frame.hasBlockChecksums &&
      exports.xxh32(block, length) >>> 0 !== view.getUint32(block + length, true)
    )
      throw this.#corrupt('wrong checksum of a block');
    const history = frame.isLinked ? Math.min(windowBytes, this.#frameBytes) : 0;
    const out = this.#buffers.makeRoom(frame.blockBytes, history);
    let decoded = length;
    if (word >= storedFlag) {
      copyBytes(bytes.subarray(block, block + length), bytes, out);
    } else {
      decoded = exports.decodeBlock(block, block + length, out, out + frame.blockBytes, out - history);
      if (decoded < 0) throw this.#corrupt(lz4Faults[decoded] ?? `fault ${decoded}`);
    }
    if (frame.hasContentChecksum) exports.sumUpdate(out, decoded, this.#frameBytes >>> 0);
    this.#buffers.inPos = block + length + checksumBytes;
    this.#frameBytes += decoded;
    this.#outputBytes += decoded;
    return this.#buffers.written(out, decoded);
  }

  #endFrame(frame: FrameHeader): Uint8Array | null {
    const { available, inPos, outPos, view } = this.#buffers;
    const checksumBytes = frame.hasContentChecksum ? 4 : 0;
    if (available < 4 + checksumBytes) return null;
    const { contentBytes } = frame;
    if (contentBytes !== null && contentBytes !== this.#frameBytes)
      throw this.#corrupt(`a frame of ${this.#frameBytes} bytes that says it has ${contentBytes}`);
    if (frame.hasContentChecksum) {
      const sum = this.#instance.exports.sumEnd(this.#frameBytes >>> 0, this.#frameBytes < 16) >>> 0;
      if (sum !== view.getUint32(inPos + 4, true)) throw this.#corrupt('wrong checksum of a frame’s content');
    }
    this.#buffers.inPos += 4 + checksumBytes;
    this.#frame = null;
    this.#frames++;
    return this.#buffers.written(outPos, 0);
  }

  #corrupt(what: string): OdoError {
    const { compressedBytes: compressedOffset, outputBytes } = this;
    return damagedData('lz4', what, { compressedOffset, outputBytes });
  }
}
