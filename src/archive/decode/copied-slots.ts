import { copyBytes } from '../../target/copy-bytes.ts';
import type { Decoder, Slices } from '../decoder.ts';
import type { DecoderState } from '../open-decoder.ts';
import { memoryPages } from '../wasm/memory-pages.ts';
import type { SlotOptions, ThreadDecoder } from './thread-decoder.ts';

/** Free for the module that sums up what lies there, as in a memory that a gzip decoder uses. @unit bytes */
const reservedBytes = 5 * 65_536;

const nothing: Uint8Array = new Uint8Array();

/**
 * The slices of any decoder, copied into slots. A decoder can be saved between slices only, so a slot ends behind a
 * slice rather than in the next one, as far as the next one is as long.
 */
export class CopiedSlots implements ThreadDecoder {
  readonly memory: WebAssembly.Memory;
  readonly #decoder: Decoder<DecoderState>;
  readonly #slots: readonly Uint8Array[];
  #current = 0;
  #filledBytes = 0;
  #handedOutBytes: number;

  constructor(decoder: Decoder<DecoderState>, { slots, slotBytes }: SlotOptions) {
    this.#decoder = decoder;
    this.#handedOutBytes = decoder.outputBytes;
    const pages = Math.ceil((reservedBytes + slots * slotBytes) / 65_536);
    this.memory = new WebAssembly.Memory({ ...memoryPages, initial: pages, shared: true });
    const { buffer } = this.memory;
    this.#slots = Array.from(
      { length: slots },
      (_, i) => new Uint8Array(buffer, reservedBytes + i * slotBytes, slotBytes),
    );
  }

  get compressedBytes(): number {
    return this.#decoder.compressedBytes;
  }

  get outputBytes(): number {
    return this.#handedOutBytes;
  }

  push(input: Uint8Array): AsyncGenerator<Uint8Array> {
    return this.#filled(this.#decoder.push(input));
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    yield* this.#filled(this.#decoder.rest());
    if (this.#filledBytes > 0) yield this.#hand();
  }

  finish(): void {
    this.#decoder.finish();
  }

  snapshot(): DecoderState | null {
    return this.#decoder.outputBytes === this.#handedOutBytes ? this.#decoder.snapshot() : null;
  }

  takeTrailers(): [] {
    return [];
  }

  release(): void {
    this.#decoder.release();
  }

  async *#filled(slices: Slices): AsyncGenerator<Uint8Array> {
    for await (const slice of slices) {
      for (let at = 0; at < slice.length; ) {
        const slot = this.#slots[this.#current] ?? nothing;
        const piece = slice.subarray(at, at + slot.length - this.#filledBytes);
        copyBytes(piece, slot, this.#filledBytes);
        this.#filledBytes += piece.length;
        at += piece.length;
        const roomBytes = slot.length - this.#filledBytes;
        if (roomBytes === 0 || (at === slice.length && roomBytes < slice.length)) yield this.#hand();
      }
    }
  }

  #hand(): Uint8Array {
    const filled = (this.#slots[this.#current] ?? nothing).subarray(0, this.#filledBytes);
    this.#current = (this.#current + 1) % this.#slots.length;
    this.#handedOutBytes += this.#filledBytes;
    this.#filledBytes = 0;
    return filled;
  }
}
