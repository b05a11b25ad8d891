/** Compressed bytes in, decoded bytes out, and a state that can be saved at any moment between two slices. */
export interface Decoder<State> {
  /** Bytes of the object that are used up: what a restored decoder need not see again. @unit bytes */
  readonly compressedBytes: number;
  /** Bytes handed out so far, since the start of the object. @unit bytes */
  readonly outputBytes: number;
  /**
   * Iterate to the end before the next call. Slices point into the decoder's memory (or into `input`): one stays
   * valid while the next two are produced, none after `finish`. ARCHIVE_CORRUPT with the compressed offset when
   * the input is damaged; the decoder is of no use afterwards.
   */
  push(input: Uint8Array): Iterable<Uint8Array>;
  /** The input has ended. ARCHIVE_CORRUPT when it ended too early. */
  finish(): void;
  /** State after the slice handed out last. The window is a copy. */
  snapshot(): State;
}
