import type { Decoder } from '../decoder.ts';
import { BlockDecoder } from './block-decoder.ts';
import { type BlockRun, BlockThread } from './block-thread.ts';
import { type BlockPlace, type Bzip2State, type DecodedBlock, StreamReader } from './stream-reader.ts';

/** Of a thread: one piece is being written, three may still be looked at. */
const slots = 4;
const slotBytes = 1024 * 1024;
const pieceBytes = 512 * 1024;

export async function openParallelBzip2Decoder(
  threads: number,
  state?: Bzip2State,
): Promise<ParallelBzip2Decoder> {
  const started = Array.from({ length: threads }, () => BlockThread.start({ slots, slotBytes }));
  return new ParallelBzip2Decoder(await Promise.all(started), state);
}

type BlockSource = Pick<BlockRun, 'outcome' | 'output' | 'release'>;

/**
 * bzip2 on several threads. Each decodes what lies between two marks; whether those were marks shows when all before
 * was decoded, because a block must begin exactly where the one before it ended. Until then its output waits.
 */
export class ParallelBzip2Decoder implements Decoder<Bzip2State> {
  readonly #reader: StreamReader;
  readonly #threads: readonly BlockThread[];
  /** By position, in order: handed to a thread, and not taken yet. */
  readonly #runs = new Map<number, BlockRun>();
  /** Give back output that is still looked at, the oldest first. */
  readonly #held: (() => void)[] = [];
  /** For the rare block that has a mark in its data. */
  #ownDecoder: BlockDecoder | null = null;
  /** Marks in the data of the block at the position. */
  #skip = 0;
  #outputBytes: number;
  #wake = () => {};

  constructor(threads: readonly BlockThread[], state?: Bzip2State) {
    this.#threads = threads;
    this.#reader = new StreamReader(state);
    this.#outputBytes = this.#reader.outputBytes;
    for (const thread of threads) {
      thread.onIdle = () => {
        this.#dispatch();
        this.#wake();
      };
    }
  }

  get compressedBytes(): number {
    return this.#reader.compressedBytes;
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  async *push(input: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < input.length; at += pieceBytes) {
      this.#reader.add(input.subarray(at, at + pieceBytes));
      // Blocks that no thread is free for bound what is kept: then the first one is waited for.
      while (this.#dispatch() === 'all busy' || this.#skip > 0) {
        const place = this.#reader.nextBlock(this.#skip);
        if (place === null) break;
        yield* this.#take(place);
      }
    }
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    this.#reader.end();
    for (;;) {
      this.#dispatch();
      const place = this.#reader.nextBlock(this.#skip);
      if (place === null) return;
      yield* this.#take(place);
    }
  }

  finish(): void {
    this.#reader.finish();
  }

  /** The block that the last slice is of, or the one behind it. */
  snapshot(): Bzip2State {
    return this.#reader.snapshot();
  }

  release(): void {
    for (const thread of this.#threads) {
      thread.onIdle = () => {};
      void thread.terminate();
    }
  }

  /** Gives blocks to idle threads. `all busy`: there are more than could be given. */
  #dispatch(): 'all given' | 'all busy' {
    const next = this.#skip === 0 ? this.#reader.nextBlock(0) : null;
    for (const place of next === null ? [] : [next, ...this.#reader.laterBlocks()]) {
      if (this.#runs.has(place.position)) continue;
      const thread = this.#threads.find(({ isIdle }) => isIdle);
      if (thread === undefined) return 'all busy';
      this.#runs.set(place.position, thread.decode(place));
    }
    return 'all given';
  }

  /** The output of the block at the position, unless it turns out to go on behind the place. */
  async *#take(place: BlockPlace): AsyncGenerator<Uint8Array> {
    const source = this.#skip === 0 ? await this.#runOf(place) : await this.#openOwn(place);
    const block = await source.outcome();
    if (block === 'need-input') {
      this.#runs.delete(place.position);
      this.#skip++;
      return;
    }
    if ('fault' in block) throw this.#reader.corrupt(block.fault);
    let expandedBytes = 0;
    for (let isLast = false; !isLast; ) {
      if (this.#held.length >= slots - 1) this.#held.shift()?.();
      const output = await source.output();
      if ('fault' in output) throw this.#reader.corrupt(output.fault);
      this.#held.push(() => source.release(output.slot));
      ({ isLast } = output);
      expandedBytes += output.bytes.length;
      this.#outputBytes += output.bytes.length;
      if (isLast) this.#accept(place, block, expandedBytes);
      if (output.bytes.length > 0) yield output.bytes;
    }
  }

  #accept(place: BlockPlace, block: DecodedBlock, expandedBytes: number): void {
    this.#runs.delete(place.position);
    this.#skip = 0;
    this.#reader.accept(block, expandedBytes);
    for (const [position, run] of this.#runs) {
      if (position >= this.#reader.position) continue;
      // Its mark lay in the data of the block before.
      run.drop();
      this.#runs.delete(position);
    }
  }

  /** Waits for a thread when the block was not given to one yet. */
  async #runOf(place: BlockPlace): Promise<BlockRun> {
    for (;;) {
      this.#dispatch();
      const run = this.#runs.get(place.position);
      if (run !== undefined) return run;
      for (const thread of this.#threads) thread.requireLife();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Decodes a block in this thread. */
  async #openOwn(place: BlockPlace): Promise<BlockSource> {
    this.#ownDecoder ??= await BlockDecoder.open(slots, slotBytes);
    const decoder = this.#ownDecoder;
    let slot = 0;
    const outcome = decoder.decode(place);
    return {
      outcome: async () => outcome,
      output: async () => {
        slot = (slot + 1) % slots;
        const output = decoder.write(slot);
        return 'fault' in output ? output : { ...output, slot };
      },
      release: () => {},
    };
  }
}
