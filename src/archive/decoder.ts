/** Decoded bytes in order. Asynchronous where blocks are decoded on other threads. */
export type Slices = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Compressed bytes in, decoded bytes out, and a state that can be saved between two slices. Calls come in this order:
 * `push` for every piece, `rest`, and `finish` when the object has ended; `release` at any time, and last.
 */
export interface Decoder<State> {
  /** Bytes of the object that are used up, or nearly so: for showing progress. @unit bytes */
  readonly compressedBytes: number;
  /** Bytes handed out so far, since the start of the object. @unit bytes */
  readonly outputBytes: number;
  /**
   * Iterate to the end before the next call. Slices point into the decoder's memory (or into `input`): one stays
   * valid while the next two are produced, none after `finish` or `release`. A decoder that needs `input` longer than the
   * iteration takes makes a copy of it. ARCHIVE_CORRUPT with the compressed offset when the input is damaged; the
   * decoder is of no use afterwards.
   */
  push(input: Uint8Array): Slices;
  /** No more input comes: what was not handed out yet, as far as the input reaches. */
  rest(): Slices;
  /** The object has ended here. ARCHIVE_CORRUPT when that is too early. */
  finish(): void;
  /**
   * A state from which the output behind the last slice is reached: exactly there, or a little before (its
   * `outputBytes` says where). Never behind it. Its bytes are copies.
   */
  snapshot(): State;
  /** Gives memory and threads back; of no use afterwards. A second call does nothing. */
  release(): void;
}
