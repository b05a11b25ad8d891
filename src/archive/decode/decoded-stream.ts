import type { OdoError } from '../../errors/odo-error.ts';
import { fromErrorData, toErrorData } from '../../errors/serialize.ts';
import type { ByteRange, RangeLocation } from '../../storage/range-location.ts';
import type { RangeRetry } from '../../storage/read-options.ts';
import { adoptMemory } from '../hash/hash-module.ts';
import type { GzipTrailer } from '../inflate/gzip-decoder.ts';
import type { DecoderState } from '../open-decoder.ts';
import type { DecoderPool } from './decoder-pool.ts';
import type { DecoderThread } from './decoder-thread.ts';
import { MemberChecksum } from './member-checksum.ts';
import type { DecodeJob, FromDecoder } from './messages.ts';

/**
 * What is handed out at once. Everything that is done with a piece (two checksums, the tar reader, the copy for the
 * disk) finds it in the core's own cache; of a whole slot each would fetch it anew. @unit bytes
 */
const pieceBytes = 128 * 1024;

export interface DecodeSource {
  /** Asked once for every attempt at a range. */
  readonly locate: (range: ByteRange, signal: AbortSignal) => Promise<RangeLocation>;
  readonly onRetry?: ((retry: Omit<RangeRetry, 'key'>) => void) | undefined;
}

/** Decoded bytes, in order; valid until the next slice is asked for. */
export interface DecodedSlice {
  readonly bytes: Uint8Array;
  /** Offset of the slice in the object's output. @unit bytes */
  readonly outputStart: number;
  /** Bytes of the object used up to the slice's end. @unit bytes */
  readonly compressedBytes: number;
  /** Offset in the output where the first gzip member ends that ends within the slice or right before it. */
  readonly memberEnd: number | null;
  /** The decoder right behind the slice, from time to time. */
  readonly state: DecoderState | null;
}

/** The output of one decoding job, which a thread of the pool works on. */
export class DecodedStream {
  readonly #pool: DecoderPool;
  readonly #job: DecodeJob;
  readonly #source: DecodeSource;
  readonly #signal: AbortSignal;
  #checksum: MemberChecksum | null = null;
  #memory: WebAssembly.Memory | null = null;
  readonly #arrived: FromDecoder[] = [];
  #wake = Promise.withResolvers<void>();
  #death: OdoError | null = null;
  #crcOfDecoder = 0;
  #outputBytes: number;

  constructor(pool: DecoderPool, job: DecodeJob, source: DecodeSource, signal: AbortSignal) {
    this.#pool = pool;
    this.#job = job;
    this.#source = source;
    this.#signal = signal;
    this.#outputBytes = job.from?.outputBytes ?? 0;
  }

  /** CRC-32 of the gzip member that the output has ended in; known when all slices were taken. */
  get crc(): number {
    return this.#checksum?.crc ?? this.#crcOfDecoder;
  }

  /** @throws ARCHIVE_CORRUPT, OBJECT_CHANGED and what reading can end with; the signal's reason */
  async *slices(): AsyncGenerator<DecodedSlice> {
    const thread = await this.#pool.acquire(this.#signal);
    const blockThreads = this.#pool.lendBlockThreads(this.#job.blockThreads);
    const stop = () => {
      thread.post({ type: 'stop' });
      this.#wake.resolve();
    };
    let ended = false;
    thread.attach(
      (message) => this.#receive(thread, message),
      (error) => {
        this.#death = error;
        this.#wake.resolve();
      },
    );
    this.#signal.addEventListener('abort', stop, { once: true });
    try {
      thread.post({ type: 'decode', job: { ...this.#job, blockThreads } });
      for (;;) {
        const message = await this.#next();
        // Before anything is thrown: there is no second one to wait for.
        ended = message.type === 'ended';
        this.#signal.throwIfAborted();
        if (message.type === 'ended') {
          if (message.error !== null) throw fromErrorData(message.error);
          this.#sum(new Uint8Array(), message.trailers);
          this.#crcOfDecoder = message.crc;
          return;
        }
        if (message.type === 'memory') await this.#open(message.memory);
        if (message.type !== 'slice') continue;
        yield* this.#piecesOf(message);
        thread.post({ type: 'release' });
      }
    } finally {
      this.#signal.removeEventListener('abort', stop);
      if (!ended && this.#death === null) {
        // The thread's memory belongs to this job until it says that it has stopped.
        stop();
        while (this.#death === null && (await this.#next().catch(() => null))?.type !== 'ended');
      }
      this.#pool.returnBlockThreads(blockThreads);
      await this.#pool.release(thread);
    }
  }

  async #open(memory: WebAssembly.Memory): Promise<void> {
    const { from, codec, checksums } = this.#job;
    await adoptMemory(memory, 'receiver');
    this.#memory = memory;
    if (codec === 'gzip' && checksums === 'receiver')
      this.#checksum = await MemberChecksum.open(from?.codec === 'gzip' ? from.crc : 0, this.#outputBytes);
  }

  *#piecesOf(slice: Extract<FromDecoder, { type: 'slice' }>): Generator<DecodedSlice> {
    const { compressedBytes, length } = slice;
    const slot = new Uint8Array(this.#memory?.buffer ?? new SharedArrayBuffer(0), slice.at, length);
    let trailers = slice.trailers;
    for (let at = 0; at < length; at += pieceBytes) {
      const bytes = slot.subarray(at, at + pieceBytes);
      const outputStart = this.#outputBytes;
      const end = outputStart + bytes.length;
      const isLast = at + pieceBytes >= length;
      const passed = isLast ? trailers : trailers.filter((trailer) => trailer.outputBytes <= end);
      trailers = trailers.slice(passed.length);
      this.#sum(bytes, passed);
      this.#outputBytes = end;
      const state = isLast ? this.#withSum(slice.state) : null;
      yield { bytes, outputStart, compressedBytes, memberEnd: passed[0]?.outputBytes ?? null, state };
    }
  }

  #sum(bytes: Uint8Array, trailers: readonly GzipTrailer[]): void {
    this.#checksum?.add(bytes, trailers);
  }

  #withSum(state: DecoderState | null): DecoderState | null {
    if (state?.codec !== 'gzip' || this.#checksum === null) return state;
    return { ...state, crc: this.#checksum.crc };
  }

  async #next(): Promise<FromDecoder> {
    for (;;) {
      const message = this.#arrived.shift();
      if (message !== undefined) return message;
      if (this.#death !== null) throw this.#death;
      this.#wake = Promise.withResolvers<void>();
      await this.#wake.promise;
    }
  }

  #receive(thread: DecoderThread, message: FromDecoder): void {
    if (message.type === 'locate') {
      const { id, range } = message;
      this.#source.locate(range, this.#signal).then(
        (location) => thread.post({ type: 'located', id, location }),
        (error: unknown) => thread.post({ type: 'not-located', id, error: toErrorData(error) }),
      );
    } else if (message.type === 'retry') {
      const { from, attempt, error } = message;
      this.#source.onRetry?.({ from, attempt, error: fromErrorData(error) });
    } else {
      this.#arrived.push(message);
      this.#wake.resolve();
    }
  }
}
