import type { Decoder } from '../decoder.ts';
import { IdleInstances } from '../wasm/idle-instances.ts';
import { BlockDecoder } from './block-decoder.ts';
import { type BlockPlace, type Bzip2State, StreamReader } from './stream-reader.ts';

const slots = 3;
const slotBytes = 1024 * 1024;
const pieceBytes = 512 * 1024;

const idle = new IdleInstances<BlockDecoder>(4);

export async function openBzip2Decoder(state?: Bzip2State): Promise<Bzip2Decoder> {
  return new Bzip2Decoder(await idle.take(() => BlockDecoder.open(slots, slotBytes)), state);
}

/** bzip2: several streams, resumable at every block. Decodes in the calling thread. */
export class Bzip2Decoder implements Decoder<Bzip2State> {
  readonly #reader: StreamReader;
  readonly #blocks: BlockDecoder;
  readonly release: () => void;
  #slot = 0;
  #outputBytes: number;

  constructor(blocks: BlockDecoder, state?: Bzip2State) {
    this.#blocks = blocks;
    this.release = idle.returning(blocks);
    this.#reader = new StreamReader(state);
    this.#outputBytes = this.#reader.outputBytes;
  }

  get compressedBytes(): number {
    return this.#reader.compressedBytes;
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < input.length; at += pieceBytes) {
      this.#reader.add(input.subarray(at, at + pieceBytes));
      yield* this.#decode();
    }
  }

  *rest(): Generator<Uint8Array> {
    this.#reader.end();
    yield* this.#decode();
  }

  finish(): void {
    this.#reader.finish();
  }

  /** The block that the last slice is of, or the one behind it. */
  snapshot(): Bzip2State {
    return this.#reader.snapshot();
  }

  *#decode(): Generator<Uint8Array> {
    let skip = 0;
    for (let place = this.#reader.nextBlock(skip); place !== null; place = this.#reader.nextBlock(skip)) {
      const block = this.#decodeAt(place);
      // The mark that it was to end at is data that looks like one.
      skip = block === 'need-input' ? skip + 1 : 0;
      if (block === 'need-input') continue;
      let expandedBytes = 0;
      for (let isLast = false; !isLast; ) {
        const written = this.#blocks.write(this.#slot);
        this.#slot = (this.#slot + 1) % slots;
        if ('fault' in written) throw this.#reader.corrupt(written.fault);
        ({ isLast } = written);
        expandedBytes += written.bytes.length;
        this.#outputBytes += written.bytes.length;
        if (isLast) this.#reader.accept(block, expandedBytes);
        if (written.bytes.length > 0) yield written.bytes;
      }
    }
  }

  #decodeAt(place: BlockPlace) {
    const block = this.#blocks.decode(place);
    if (block !== 'need-input' && 'fault' in block) throw this.#reader.corrupt(block.fault);
    return block;
  }
}
