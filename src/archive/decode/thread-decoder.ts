import type { Slices } from '../decoder.ts';
import type { GzipTrailer } from '../inflate/gzip-decoder.ts';
import type { DecoderState } from '../open-decoder.ts';

/** A decoder that fills slots of shared memory and leaves gzip's checksums to others. */
export interface ThreadDecoder {
  /** Where slots lie; does not grow any more. */
  readonly memory: WebAssembly.Memory;
  /** Bytes of the object that are used up. @unit bytes */
  readonly compressedBytes: number;
  /** Up to the end of the slot handed out last. @unit bytes */
  readonly outputBytes: number;
  /** Filled slots. Iterate to the end before the next call; `snapshot` is the state behind the slot at hand. */
  push(input: Uint8Array): Slices;
  /** No more input comes: what was not handed out yet. */
  rest(): Slices;
  /** The object has ended here. @throws ARCHIVE_CORRUPT when that is too early */
  finish(): void;
  /** Null behind a slot where the decoder has none. */
  snapshot(): DecoderState | null;
  /** gzip's trailers passed since the last call, in order. */
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
