import type { Decoder } from './decoder.ts';

export interface PlainState {
  readonly codec: 'none';
  readonly compressedBytes: number;
  readonly outputBytes: number;
}

/** So that work on one slice never holds the event loop for long. */
const pieceBytes = 256 * 1024;

/** For archives that are not compressed: hands the input on as it is. */
export class PlainDecoder implements Decoder<PlainState> {
  #bytes: number;

  constructor(state?: PlainState) {
    this.#bytes = state?.compressedBytes ?? 0;
  }

  get compressedBytes(): number {
    return this.#bytes;
  }

  get outputBytes(): number {
    return this.#bytes;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < input.length; at += pieceBytes) {
      const piece = input.subarray(at, at + pieceBytes);
      this.#bytes += piece.length;
      yield piece;
    }
  }

  rest(): Uint8Array[] {
    return [];
  }

  /** Nothing to check: the tar reader notices a missing end. */
  finish(): void {}

  snapshot(): PlainState {
    return { codec: 'none', compressedBytes: this.#bytes, outputBytes: this.#bytes };
  }

  release(): void {}
}
