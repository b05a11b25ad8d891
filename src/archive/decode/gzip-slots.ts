import type { GzipDecoder, GzipTrailer } from '../inflate/gzip-decoder.ts';
import type { DecoderState } from '../open-decoder.ts';
import type { ThreadDecoder } from './thread-decoder.ts';

const nothing: Uint8Array = new Uint8Array();

/** The gzip decoder writes into its slots by itself, piece after piece; here pieces become slots, full to the brim. */
export class GzipSlots implements ThreadDecoder {
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
      if (this.#decoder.isSlotFull) yield* this.rest();
    }
  }

  *rest(): Generator<Uint8Array> {
    const filled = this.#filled;
    this.#filled = nothing;
    if (filled.length > 0) yield filled;
  }

  finish(): void {
    this.#decoder.finish();
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
