import type { Codec } from '../../backup/base-backup.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import { type GzipDecoder, type GzipTrailer, openGzipDecoder } from '../inflate/gzip-decoder.ts';
import { type DecoderState, unknownCodec } from '../open-decoder.ts';
import { memoryPages } from '../wasm/memory-pages.ts';

/** A decoder that fills slots of shared memory, each to the brim, and leaves checksums to others. */
export interface ThreadDecoder {
  /** Where slots lie; does not grow any more. */
  readonly memory: WebAssembly.Memory;
  /** Bytes of the object that are used up. @unit bytes */
  readonly compressedBytes: number;
  /** Up to the end of the slot handed out last. @unit bytes */
  readonly outputBytes: number;
  /** Full slots. Iterate to the end before the next call; `snapshot` is the state behind the slot at hand. */
  push(input: Uint8Array): Iterable<Uint8Array>;
  /** The input has ended: what the last slot holds. @throws ARCHIVE_CORRUPT when it ended too early */
  finish(): Uint8Array;
  /** The input is not wanted any further: what the last slot holds. */
  rest(): Uint8Array;
  snapshot(): DecoderState;
  /** Trailers passed since the last call, in order. */
  takeTrailers(): GzipTrailer[];
  /** Gives memory back; of no use afterwards. */
  release(): void;
}

export interface SlotOptions {
  /** A slot stays valid while one fewer than this many others are filled. */
  readonly slots: number;
  /** @unit bytes */
  readonly slotBytes: number;
}

export async function openThreadDecoder(
  codec: Codec,
  from: DecoderState | null,
  options: SlotOptions,
): Promise<ThreadDecoder> {
  if (codec === 'gzip' && (from === null || from.codec === 'gzip'))
    return new GzipSlots(await openGzipDecoder({ ...options, state: from ?? undefined, check: 'caller' }));
  if (codec === 'none' && (from === null || from.codec === 'none')) return new PlainSlots(from, options);
  throw unknownCodec(codec);
}

const nothing: Uint8Array = new Uint8Array();

/** The decoder writes into its slots by itself, piece after piece; here pieces become slots. */
class GzipSlots implements ThreadDecoder {
  readonly #decoder: GzipDecoder;
  #filled: Uint8Array = nothing;

  constructor(decoder: GzipDecoder) {
    this.#decoder = decoder;
  }

  get memory(): WebAssembly.Memory {
    return this.#decoder.memory;
  }

  get compressedBytes(): number {
    return this.#decoder.compressedBytes;
  }

  get outputBytes(): number {
    return this.#decoder.outputBytes - this.#filled.length;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (const piece of this.#decoder.push(input)) {
      this.#filled =
        this.#filled.length === 0
          ? piece
          : new Uint8Array(piece.buffer, this.#filled.byteOffset, this.#filled.length + piece.length);
      if (this.#decoder.isSlotFull) yield this.rest();
    }
  }

  finish(): Uint8Array {
    this.#decoder.finish();
    return this.rest();
  }

  rest(): Uint8Array {
    const filled = this.#filled;
    this.#filled = nothing;
    return filled;
  }

  snapshot(): DecoderState {
    return this.#decoder.snapshot();
  }

  takeTrailers(): GzipTrailer[] {
    return this.#decoder.takeTrailers();
  }

  release(): void {
    this.#decoder.release();
  }
}

/** Free for the module that sums up what lies there, as in a memory that a gzip decoder uses. @unit bytes */
const reservedBytes = 5 * 65_536;

/** What is not compressed is copied into the slots. */
class PlainSlots implements ThreadDecoder {
  readonly memory: WebAssembly.Memory;
  readonly #slots: readonly Uint8Array[];
  #current = 0;
  #filledBytes = 0;
  #handedOutBytes: number;

  constructor(from: { readonly outputBytes: number } | null, { slots, slotBytes }: SlotOptions) {
    this.#handedOutBytes = from?.outputBytes ?? 0;
    const pages = Math.ceil((reservedBytes + slots * slotBytes) / 65_536);
    this.memory = new WebAssembly.Memory({ ...memoryPages, initial: pages, shared: true });
    const { buffer } = this.memory;
    this.#slots = Array.from(
      { length: slots },
      (_, i) => new Uint8Array(buffer, reservedBytes + i * slotBytes, slotBytes),
    );
  }

  get compressedBytes(): number {
    return this.#handedOutBytes;
  }

  get outputBytes(): number {
    return this.#handedOutBytes;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < input.length; ) {
      const slot = this.#slots[this.#current] ?? nothing;
      const piece = input.subarray(at, at + slot.length - this.#filledBytes);
      copyBytes(piece, slot, this.#filledBytes);
      this.#filledBytes += piece.length;
      at += piece.length;
      if (this.#filledBytes === slot.length) yield this.rest();
    }
  }

  finish(): Uint8Array {
    return this.rest();
  }

  rest(): Uint8Array {
    const filled = (this.#slots[this.#current] ?? nothing).subarray(0, this.#filledBytes);
    this.#current = (this.#current + 1) % this.#slots.length;
    this.#handedOutBytes += this.#filledBytes;
    this.#filledBytes = 0;
    return filled;
  }

  snapshot(): DecoderState {
    return { codec: 'none', compressedBytes: this.#handedOutBytes, outputBytes: this.#handedOutBytes };
  }

  takeTrailers(): GzipTrailer[] {
    return [];
  }

  release(): void {}
}
