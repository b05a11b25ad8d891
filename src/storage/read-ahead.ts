import { AdaptiveWindow } from './adaptive-window.ts';
import { BlockPool, freshBlock } from './block-pool.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import { RangeFetch } from './range-fetch.ts';
import type { ByteRange } from './range-location.ts';
import type { ReadObjectOptions } from './read-options.ts';

/** Later ranges double up to `rangeBytes`: a resumed read that needs little, or waits for its first bytes, asks for little. */
const firstRangeBytes = 1024 * 1024;

/** Asks for ranges of an object ahead of their consumer, in order, as far as memory and the store allow. */
export class ReadAhead {
  readonly #source: Pick<ObjectStorage, 'locate'>;
  readonly #object: Pick<StoredObject, 'key' | 'etag'>;
  readonly #options: ReadObjectOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #memoryBytes: number;
  readonly #rangeBytes: number;
  readonly #window: AdaptiveWindow;
  readonly #end: number;
  readonly #pool: BlockPool | null;
  /** Not all consumed yet, in order. */
  readonly #fetches: RangeFetch[] = [];
  /** Memory of the last piece. */
  #handedOut: ArrayBufferLike | null = null;
  #running = 0;
  #nextBytes: number;
  #asked: number;
  #consumed: number;

  constructor(
    source: Pick<ObjectStorage, 'locate'>,
    object: Pick<StoredObject, 'key' | 'etag'>,
    { from, to }: ByteRange,
    options: ReadObjectOptions,
  ) {
    this.#source = source;
    this.#object = object;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    this.#memoryBytes = Math.max(1, options.memoryBytes ?? 32 * 1024 * 1024);
    const rangeBytes = options.rangeBytes ?? Math.min(8 * 1024 * 1024, Math.ceil(this.#memoryBytes / 4));
    this.#rangeBytes = Math.min(rangeBytes, this.#memoryBytes);
    this.#window = new AdaptiveWindow({ max: this.#memoryBytes / this.#rangeBytes });
    this.#nextBytes = Math.min(firstRangeBytes, this.#rangeBytes);
    this.#pool = options.reuseMemory ? new BlockPool() : null;
    this.#asked = from;
    this.#consumed = from;
    this.#end = to;
  }

  /** A piece counts as consumed when the next one is asked for. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    this.#askForMore();
    for (let fetch = this.#fetches[0]; fetch !== undefined; fetch = this.#fetches[0]) {
      for await (const chunk of fetch.chunks()) {
        // Pieces in one block follow each other, so that another's means that the last one is done with.
        if (this.#handedOut !== chunk.buffer) this.#giveBack(this.#handedOut);
        this.#handedOut = chunk.buffer;
        yield chunk;
        this.#options.signal.throwIfAborted();
        this.#consumed += chunk.length;
        this.#askForMore();
      }
      this.#fetches.shift();
      this.#askForMore();
    }
  }

  /** Stops what runs; nothing is left of it afterwards, and nobody looks at a piece any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#fetches.map((fetch) => fetch.ended));
    this.#giveBack(this.#handedOut);
    for (const fetch of this.#fetches) for (const { buffer } of fetch.takeWaiting()) this.#giveBack(buffer);
    this.#pool?.release();
  }

  #giveBack(memory: ArrayBufferLike | null): void {
    if (memory !== null) this.#pool?.giveBack(memory);
  }

  #askForMore(): void {
    while (!this.#signal.aborted && this.#running < this.#window.limit && this.#asked < this.#end) {
      const to = Math.min(this.#asked + this.#nextBytes, this.#end);
      if (to - this.#consumed > this.#memoryBytes) return;
      const fetch = new RangeFetch(
        this.#source,
        this.#object,
        { from: this.#asked, to },
        {
          ...this.#options,
          signal: this.#signal,
          window: this.#window,
          allocate: this.#pool?.take ?? freshBlock,
        },
      );
      this.#fetches.push(fetch);
      this.#running++;
      void fetch.ended.then((outcome) => {
        // What failed stays counted: nothing behind it will be wanted.
        if (outcome === 'failed') return;
        this.#running--;
        this.#window.arrived(fetch.generation);
        this.#askForMore();
      });
      this.#asked = to;
      this.#nextBytes = Math.min(this.#nextBytes * 2, this.#rangeBytes);
    }
  }
}
