import type { Codec } from '../../backup/base-backup.ts';
import type { ErrorData } from '../../errors/serialize.ts';
import type { ByteRange, RangeLocation } from '../../storage/range-location.ts';
import type { GzipTrailer } from '../inflate/gzip-decoder.ts';
import type { DecoderState } from '../open-decoder.ts';

/** What a decoder thread is to do: plain data. */
export interface DecodeJob {
  readonly object: { readonly key: string; readonly etag: string; readonly sizeBytes: number };
  readonly codec: Codec;
  /** Null: from the object's beginning. */
  readonly from: DecoderState | null;
  /** Where to stop before the object's end. Nothing at or behind `compressedBytes` is read. */
  readonly until: { readonly outputBytes: number; readonly compressedBytes: number } | null;
  /** How often a slice carries the decoder's state, by output or by time, whichever comes first. */
  readonly stateEvery: { readonly bytes: number; readonly ms: number };
  /**
   * Who sums up CRC-32s. `receiver`: whoever gets the slices, because with one decoder the thread that inflates is
   * the one everybody waits for. `decoder`: this thread, because with several the receiver is.
   */
  readonly checksums: 'receiver' | 'decoder';
  /** Threads for a codec whose blocks can be decoded side by side; 1: the decoder thread itself. */
  readonly blockThreads: number;
  /** Slices that may wait for the files. */
  readonly outputSlots: number;
  /** Size of a slice. @unit bytes */
  readonly slotBytes: number;
  readonly reading: {
    /** Compressed bytes that were asked for or wait for the decoder, at most. @unit bytes */
    readonly readAheadBytes: number;
    /** Of one request. @unit bytes */
    readonly rangeBytes: number;
  };
}

export type ToDecoder =
  | { readonly type: 'decode'; readonly job: DecodeJob }
  /** One slice is no longer looked at. */
  | { readonly type: 'release' }
  | { readonly type: 'located'; readonly id: number; readonly location: RangeLocation }
  | { readonly type: 'not-located'; readonly id: number; readonly error: ErrorData }
  | { readonly type: 'stop' };

export type FromDecoder =
  /** The first message of every job: where its slices lie. */
  | { readonly type: 'memory'; readonly memory: WebAssembly.Memory }
  | {
      readonly type: 'slice';
      /** Its place in the memory; valid until released. */
      readonly at: number;
      readonly length: number;
      readonly compressedBytes: number;
      /** Ends of members up to the slice's end, since the slice before. */
      readonly trailers: readonly GzipTrailer[];
      /** The decoder right behind the slice. */
      readonly state: DecoderState | null;
    }
  | { readonly type: 'locate'; readonly id: number; readonly range: ByteRange }
  | { readonly type: 'retry'; readonly from: number; readonly attempt: number; readonly error: ErrorData }
  /** The last message of every job. `crc`: of the member that the output ended in, where the decoder summed it up. */
  | {
      readonly type: 'ended';
      readonly error: ErrorData | null;
      readonly trailers: readonly GzipTrailer[];
      readonly crc: number;
    };
