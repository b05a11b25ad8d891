/**
 * A decoder thread: reads ranges of one object, decodes them into memory that it shares with the thread that started
 * it, and says where. It has no credentials: every range comes signed from there. One job at a time.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { OdoError } from '../../errors/odo-error.ts';
import { fromErrorData, toErrorData } from '../../errors/serialize.ts';
import { readObject } from '../../storage/object-reader.ts';
import type { ByteRange, RangeLocation } from '../../storage/range-location.ts';
import type { Slices } from '../decoder.ts';
import { adoptMemory } from '../hash/hash-module.ts';
import type { GzipTrailer } from '../inflate/gzip-decoder.ts';
import { MemberChecksum } from './member-checksum.ts';
import type { DecodeJob, FromDecoder, ToDecoder } from './messages.ts';
import { openThreadDecoder } from './open-thread-decoder.ts';
import type { ThreadDecoder } from './thread-decoder.ts';

const port = parentPort;
if (port === null) throw new OdoError('BUG', 'The decoder thread was started as a program.');
const post = (message: FromDecoder) => port.postMessage(message);

let running: RunningJob | null = null;

port.on('message', (message: ToDecoder) => {
  if (message.type === 'decode') {
    const job = new RunningJob(message.job);
    running = job;
    job.run().then(
      () => end(job, null),
      (error: unknown) => end(job, error),
    );
  } else {
    // A message may arrive when its job has just ended.
    running?.receive(message);
  }
});

function end(job: RunningJob, error: unknown): void {
  running = null;
  post({
    type: 'ended',
    error: error === null ? null : toErrorData(error),
    trailers: job.lastTrailers,
    crc: job.crc,
  });
}

class RunningJob {
  readonly #job: DecodeJob;
  readonly #stop = new AbortController();
  readonly #locating = new Map<number, PromiseWithResolvers<RangeLocation>>();
  #checksum: MemberChecksum | null = null;
  #locateIds = 0;
  #waitingSlices = 0;
  #wake = () => {};
  #stateBytes: number;
  #stateMs = performance.now();
  /** Of members that ended behind the last slice. */
  lastTrailers: readonly GzipTrailer[] = [];

  constructor(job: DecodeJob) {
    this.#job = job;
    this.#stateBytes = job.from?.outputBytes ?? 0;
  }

  get crc(): number {
    return this.#checksum?.crc ?? 0;
  }

  receive(message: Exclude<ToDecoder, { type: 'decode' }>): void {
    switch (message.type) {
      case 'release':
        this.#waitingSlices--;
        this.#wake();
        break;
      case 'located':
        this.#locating.get(message.id)?.resolve(message.location);
        this.#locating.delete(message.id);
        break;
      case 'not-located':
        this.#locating.get(message.id)?.reject(fromErrorData(message.error));
        this.#locating.delete(message.id);
        break;
      case 'stop':
        this.#stop.abort();
        this.#wake();
        break;
    }
  }

  async run(): Promise<void> {
    const { codec, from, outputSlots, slotBytes, blockThreads } = this.#job;
    // One more than may wait: the one that is being filled.
    const decoder = await openThreadDecoder(codec, from, {
      slots: outputSlots + 1,
      slotBytes,
      blockThreads,
    });
    try {
      if (codec === 'gzip' && this.#job.checksums === 'decoder') {
        await adoptMemory(decoder.memory, 'decoder');
        this.#checksum = await MemberChecksum.open(
          from?.codec === 'gzip' ? from.crc : 0,
          from?.outputBytes ?? 0,
        );
      }
      post({ type: 'memory', memory: decoder.memory });
      await this.#decode(decoder);
    } finally {
      decoder.release();
    }
  }

  async #decode(decoder: ThreadDecoder): Promise<void> {
    const { object, until, reading } = this.#job;
    const { signal } = this.#stop;
    const end = until?.compressedBytes ?? object.sizeBytes;
    let read = decoder.compressedBytes;
    const chunks = readObject({ locate: (_object, range) => this.#locate(range) }, object, {
      from: read,
      to: end,
      signal,
      rangeBytes: reading.rangeBytes,
      memoryBytes: reading.readAheadBytes,
      // The decoder copies its input, so that the same memory serves piece after piece.
      reuseMemory: true,
      onRetry: ({ from, attempt, error }) =>
        post({ type: 'retry', from, attempt, error: toErrorData(error) }),
    });
    for await (const chunk of chunks) {
      read += chunk.length;
      if ((await this.#handAll(decoder.push(chunk), decoder)) === 'enough') return;
      // Sockets and messages get their turn.
      await setImmediate();
      signal.throwIfAborted();
    }
    if (read !== end) throw wrongLength(read, end);
    if ((await this.#handAll(decoder.rest(), decoder)) === 'enough') return;
    if (until === null) decoder.finish();
    this.lastTrailers = this.#summed(new Uint8Array(), decoder.takeTrailers());
  }

  async #handAll(slots: Slices, decoder: ThreadDecoder): Promise<'more' | 'enough'> {
    for await (const slot of slots) {
      if (this.#hand(slot, decoder) === 'enough') return 'enough';
      await this.#untilSlotIsFree();
    }
    return 'more';
  }

  /** Posts a slot as a slice, no further than the job wants. */
  #hand(slot: Uint8Array, decoder: ThreadDecoder): 'more' | 'enough' {
    const { until } = this.#job;
    const start = decoder.outputBytes - slot.length;
    const end = until === null ? decoder.outputBytes : Math.min(decoder.outputBytes, until.outputBytes);
    const bytes = slot.subarray(0, end - start);
    const trailers = this.#summed(
      bytes,
      decoder.takeTrailers().filter((trailer) => trailer.outputBytes <= end),
    );
    const state = end === decoder.outputBytes && this.#isStateDue(end) ? decoder.snapshot() : null;
    if (state !== null) {
      this.#stateBytes = end;
      this.#stateMs = performance.now();
    }
    this.#waitingSlices++;
    post({
      type: 'slice',
      at: bytes.byteOffset,
      length: bytes.length,
      compressedBytes: decoder.compressedBytes,
      trailers,
      state: state?.codec === 'gzip' && this.#checksum !== null ? { ...state, crc: this.crc } : state,
    });
    return end === until?.outputBytes ? 'enough' : 'more';
  }

  /** The trailers that are left for the receiver to check. */
  #summed(bytes: Uint8Array, trailers: readonly GzipTrailer[]): readonly GzipTrailer[] {
    if (this.#checksum === null) return trailers;
    this.#checksum.add(bytes, trailers);
    return [];
  }

  #isStateDue(outputBytes: number): boolean {
    const { bytes, ms } = this.#job.stateEvery;
    return outputBytes - this.#stateBytes >= bytes || performance.now() - this.#stateMs >= ms;
  }

  async #untilSlotIsFree(): Promise<void> {
    const { signal } = this.#stop;
    while (this.#waitingSlices >= this.#job.outputSlots && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    signal.throwIfAborted();
  }

  /** Asks the other thread where a range can be had. */
  #locate(range: ByteRange): Promise<RangeLocation> {
    const id = this.#locateIds++;
    const answer = Promise.withResolvers<RangeLocation>();
    this.#locating.set(id, answer);
    post({ type: 'locate', id, range });
    return answer.promise;
  }
}

function wrongLength(read: number, sizeBytes: number): OdoError {
  return new OdoError(
    read < sizeBytes ? 'OBJECT_TRUNCATED' : 'OBJECT_CHANGED',
    `The object ended at byte ${read} of ${sizeBytes}.`,
    {
      hint: 'Resume the run; if it happens again, the stored object is not the one that was planned.',
      details: { readBytes: read, sizeBytes },
    },
  );
}
