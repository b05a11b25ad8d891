import { crc32 } from 'node:zlib';
import { OdoError } from '../../errors/odo-error.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import type { Decoder } from '../decoder.ts';
import { IdleInstances } from '../wasm/idle-instances.ts';
import { gzipHeaderLength, maxHeaderBytes } from './gzip-header.ts';
import {
  type Inflate,
  type InflateExports,
  inflateFaults,
  inflateResult,
  instantiateInflate,
} from './inflate-module.ts';

/**
 * - `header`, `trailer`: nothing of it is taken before all of it is there
 * - `between`: a member has ended; another may follow, or zeros, or nothing
 */
type Phase = 'header' | 'deflate' | 'trailer' | 'between' | 'padding';

/** The decoder inside a member: exported globals of the module (assembly/index.ts) and the code lengths. */
interface BlockState {
  readonly mode: number;
  readonly isLastBlock: number;
  readonly isFixed: number;
  readonly storedLeft: number;
  readonly literalCount: number;
  readonly distanceCount: number;
  readonly pendingBits: number;
  readonly pendingCount: number;
  /** One hex digit for each length; tables are rebuilt from them. */
  readonly codeLengths: string;
}

export interface GzipState {
  readonly codec: 'gzip';
  readonly compressedBytes: number;
  readonly outputBytes: number;
  readonly phase: Phase;
  /** Members completed before. */
  readonly members: number;
  readonly memberBytes: number;
  /** CRC-32 of this member's output so far. */
  readonly crc: number;
  readonly block: BlockState | null;
  /** Up to 32 KiB of output that matches may refer to. */
  readonly window: Uint8Array;
}

export interface GzipDecoderOptions {
  readonly state?: GzipState | undefined;
  /** A slice stays valid while one fewer than this many others are produced. @default 3 */
  readonly slots?: number;
  /** Where slices lie: each begins where the one before ended until this much is filled. @unit bytes @default 1 MiB */
  readonly slotBytes?: number;
  /**
   * Who computes CRC-32s. `caller`: the trailers found are handed out by `takeTrailers`, and the CRC in a snapshot
   * is for the caller to fill in. @default here
   */
  readonly check?: 'here' | 'caller';
}

/** What a member's trailer says of it. */
export interface GzipTrailer {
  readonly crc: number;
  /** Output of the object up to the member's end. @unit bytes */
  readonly outputBytes: number;
  /** Of the trailer. @unit bytes */
  readonly compressedOffset: number;
}

const windowBytes = 32 * 1024;
const pieceBytes = 512 * 1024;
/** A header that is still incomplete, then a new piece. */
const inputBytes = maxHeaderBytes + pieceBytes + 1024;
const defaultSlotBytes = 1024 * 1024;

const idle = new IdleInstances<Inflate>(4);

export async function openGzipDecoder(options: GzipDecoderOptions = {}): Promise<GzipDecoder> {
  return new GzipDecoder(await idle.take(instantiateInflate), options);
}

/** gzip (RFC 1952): several members, zero padding after the last, resumable anywhere. */
export class GzipDecoder implements Decoder<GzipState> {
  readonly #instance: Inflate;
  /** Gives the memory back to the next decoder; `finish` has done so. */
  readonly release: () => void;
  readonly #inflate: InflateExports;
  readonly #memory: Uint8Array;
  readonly #slots: number;
  readonly #slotBytes: number;
  readonly #checksHere: boolean;
  #trailers: GzipTrailer[] = [];
  readonly #inputAt: number;
  readonly #slotsAt: number;
  readonly #slotStride: number;

  #phase: Phase;
  #members: number;
  #memberBytes: number;
  #crc: number;
  #outputBytes: number;
  #taken: number;

  #inPos: number;
  #inEnd: number;
  #slot = 0;
  #outPos: number;
  #outLimit: number;
  #low: number;

  constructor(instance: Inflate, options: GzipDecoderOptions) {
    const { state, slots = 3, slotBytes = defaultSlotBytes, check = 'here' } = options;
    const inflate = instance.exports;
    this.#instance = instance;
    this.release = idle.returning(instance);
    this.#inflate = inflate;
    this.#slots = slots;
    this.#slotBytes = slotBytes;
    this.#checksHere = check === 'here';
    const slack = inflate.outputSlack.value;
    this.#inputAt = inflate.buffersAt.value;
    this.#slotsAt = this.#inputAt + inputBytes;
    this.#slotStride = windowBytes + slotBytes + slack;
    const end = this.#slotsAt + slots * this.#slotStride;
    const missing = end - instance.memory.buffer.byteLength;
    if (missing > 0) instance.memory.grow(Math.ceil(missing / 65_536));
    this.#memory = new Uint8Array(instance.memory.buffer);

    this.#phase = state?.phase ?? 'header';
    this.#members = state?.members ?? 0;
    this.#memberBytes = state?.memberBytes ?? 0;
    this.#crc = state?.crc ?? 0;
    this.#outputBytes = state?.outputBytes ?? 0;
    this.#taken = state?.compressedBytes ?? 0;
    this.#inPos = this.#inputAt;
    this.#inEnd = this.#inputAt;
    this.#outPos = this.#slotsAt + windowBytes;
    this.#outLimit = this.#outPos + slotBytes;
    this.#low = this.#outPos;
    inflate.reset();
    if (state !== undefined) this.#restore(state);
  }

  get compressedBytes(): number {
    return this.#taken - (this.#inEnd - this.#inPos);
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  /** Where slices lie. */
  get memory(): WebAssembly.Memory {
    return this.#instance.memory;
  }

  /** The next slice begins in another slot. */
  get isSlotFull(): boolean {
    return this.#outPos >= this.#outLimit;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < input.length; at += pieceBytes) {
      const piece = input.subarray(at, at + pieceBytes);
      const kept = this.#inEnd - this.#inPos;
      this.#memory.copyWithin(this.#inputAt, this.#inPos, this.#inEnd);
      copyBytes(piece, this.#memory, this.#inputAt + kept);
      this.#inPos = this.#inputAt;
      this.#inEnd = this.#inputAt + kept + piece.length;
      this.#taken += piece.length;
      yield* this.#drain();
    }
  }

  rest(): Uint8Array[] {
    return [];
  }

  finish(): void {
    if (this.#phase !== 'between' && this.#phase !== 'padding') {
      const where = this.#taken === 0 ? 'it is empty' : `inside the ${inWords[this.#phase]}`;
      throw new OdoError(
        'ARCHIVE_CORRUPT',
        `The gzip data ends too early: ${where}, at byte ${this.#taken}.`,
        {
          hint: 'The object is incomplete. Use another backup, or upload it again and start a new run.',
          details: { compressedOffset: this.#taken, outputBytes: this.#outputBytes },
        },
      );
    }
    this.release();
  }

  /** With `check: 'caller'`: trailers passed since the last call, in order. */
  takeTrailers(): GzipTrailer[] {
    const trailers = this.#trailers;
    this.#trailers = [];
    return trailers;
  }

  snapshot(): GzipState {
    const inside = this.#phase === 'deflate';
    const kept = inside ? Math.min(windowBytes, this.#memberBytes) : 0;
    return {
      codec: 'gzip',
      compressedBytes: this.compressedBytes,
      outputBytes: this.#outputBytes,
      phase: this.#phase,
      members: this.#members,
      memberBytes: this.#memberBytes,
      crc: this.#crc,
      block: inside ? this.#blockState() : null,
      window: this.#memory.slice(this.#outPos - kept, this.#outPos),
    };
  }

  #blockState(): BlockState {
    const inflate = this.#inflate;
    const lengthsAt = inflate.codeLengthsAt.value;
    const inCodes = inflate.mode.value === 2 && inflate.isFixed.value === 0;
    const count = inCodes ? inflate.literalCount.value + inflate.distanceCount.value : 0;
    const lengths = this.#memory.subarray(lengthsAt, lengthsAt + count);
    return {
      mode: inflate.mode.value,
      isLastBlock: inflate.isLastBlock.value,
      isFixed: inflate.isFixed.value,
      storedLeft: inflate.storedLeft.value,
      literalCount: inflate.literalCount.value,
      distanceCount: inflate.distanceCount.value,
      pendingBits: inflate.pendingBits.value,
      pendingCount: inflate.pendingCount.value,
      codeLengths: Array.from(lengths, (length) => length.toString(16)).join(''),
    };
  }

  #restore(state: GzipState): void {
    const { block } = state;
    if (block === null) return;
    this.#memory.set(state.window, this.#outPos - state.window.length);
    this.#low = this.#outPos - state.window.length;
    const inflate = this.#inflate;
    inflate.mode.value = block.mode;
    inflate.isLastBlock.value = block.isLastBlock;
    inflate.isFixed.value = block.isFixed;
    inflate.storedLeft.value = block.storedLeft;
    inflate.literalCount.value = block.literalCount;
    inflate.distanceCount.value = block.distanceCount;
    inflate.pendingBits.value = block.pendingBits;
    inflate.pendingCount.value = block.pendingCount;
    if (block.mode !== 2) return;
    const lengths = Uint8Array.from(block.codeLengths, (digit) => Number.parseInt(digit, 16));
    this.#memory.set(lengths, inflate.codeLengthsAt.value);
    if (inflate.rebuildTables() !== inflateResult.finished) {
      throw new OdoError('BUG', 'The saved state of the gzip decoder does not describe a Huffman code.');
    }
  }

  *#drain(): Generator<Uint8Array> {
    for (;;) {
      switch (this.#phase) {
        case 'header':
          if (!this.#readHeader()) return;
          break;
        case 'deflate': {
          const from = this.#makeRoom();
          const result = this.#inflate.run(this.#inPos, this.#inEnd, from, this.#outLimit, this.#low);
          this.#inPos = this.#inflate.inPos.value;
          if (result < 0) throw this.#corrupt(inflateFaults[result] ?? `fault ${result}`);
          this.#outPos = this.#inflate.outPos.value;
          const slice = this.#memory.subarray(from, this.#outPos);
          if (this.#checksHere) this.#crc = crc32(slice, this.#crc);
          this.#memberBytes += slice.length;
          this.#outputBytes += slice.length;
          if (result === inflateResult.finished) this.#phase = 'trailer';
          if (slice.length > 0) yield slice;
          if (result === inflateResult.needInput) return;
          break;
        }
        case 'trailer':
          if (!this.#readTrailer()) return;
          break;
        case 'between':
          if (this.#inPos === this.#inEnd) return;
          this.#phase = this.#memory[this.#inPos] === 0 ? 'padding' : 'header';
          break;
        case 'padding': {
          for (; this.#inPos < this.#inEnd; this.#inPos++) {
            if (this.#memory[this.#inPos] !== 0) throw this.#corrupt('data after the end of the last member');
          }
          return;
        }
      }
    }
  }

  /** Where to write next; moves to the next slot, with the history, when this one is full. */
  #makeRoom(): number {
    if (this.#outPos < this.#outLimit) return this.#outPos;
    const history = Math.min(windowBytes, this.#memberBytes);
    this.#slot = (this.#slot + 1) % this.#slots;
    const start = this.#slotsAt + this.#slot * this.#slotStride + windowBytes;
    this.#memory.copyWithin(start - history, this.#outPos - history, this.#outPos);
    this.#outPos = start;
    this.#outLimit = start + this.#slotBytes;
    this.#low = start - history;
    return start;
  }

  #readHeader(): boolean {
    const length = gzipHeaderLength(this.#memory.subarray(this.#inPos, this.#inEnd));
    if (length === null) return false;
    if (typeof length === 'string') {
      throw this.#corrupt(
        this.#members === 0 ? length : `data after the end of member ${this.#members}, ${length}`,
      );
    }
    this.#inPos += length;
    this.#phase = 'deflate';
    this.#memberBytes = 0;
    this.#crc = 0;
    this.#low = this.#outPos;
    this.#inflate.reset();
    return true;
  }

  /** CRC-32 and length modulo 2^32, little-endian (RFC 1952, 2.3.1). */
  #readTrailer(): boolean {
    if (this.#inEnd - this.#inPos < 8) return false;
    const trailer = new DataView(this.#memory.buffer, this.#inPos, 8);
    const crc = trailer.getUint32(0, true);
    if (!this.#checksHere) {
      const { compressedBytes: compressedOffset, outputBytes } = this;
      this.#trailers.push({ crc, outputBytes, compressedOffset });
    } else if (crc !== this.#crc) throw this.#corrupt('incorrect data check (CRC-32)');
    if (trailer.getUint32(4, true) !== this.#memberBytes % 2 ** 32)
      throw this.#corrupt('incorrect length check');
    this.#inPos += 8;
    this.#members++;
    this.#phase = 'between';
    return true;
  }

  #corrupt(what: string): OdoError {
    return damagedGzip(what, this.compressedBytes, this.#outputBytes);
  }
}

/** ARCHIVE_CORRUPT at an offset of the object. */
export function damagedGzip(what: string, compressedOffset: number, outputBytes: number): OdoError {
  return new OdoError('ARCHIVE_CORRUPT', `The gzip data is damaged at byte ${compressedOffset}: ${what}.`, {
    hint: 'The object is not what was uploaded. Use another backup.',
    details: { compressedOffset, outputBytes, fault: what },
  });
}

const inWords: Readonly<Record<Phase, string>> = {
  header: 'header of a member',
  deflate: 'compressed data of a member',
  trailer: 'checksum at the end of a member',
  between: 'gap after a member',
  padding: 'padding at the end',
};
