import { copyBytes } from '../../target/copy-bytes.ts';
import { memoryPages } from '../wasm/memory-pages.ts';
import { type Bzip2Exports, blockResult, bzip2Faults, openBlocks, outputResult } from './bzip2-module.ts';
import type { BlockPlace, DecodedBlock } from './stream-reader.ts';

/** `need-input`: the block goes on behind its place. `fault`: what is wrong with it. */
export type BlockOutcome = DecodedBlock | 'need-input' | { readonly fault: string };

/** The next piece of a block's output. */
export type BlockOutput =
  | { readonly bytes: Uint8Array; readonly isLast: boolean }
  | { readonly fault: string };

/** Decodes one block after another, each by itself. Its memory is its own. */
export class BlockDecoder {
  readonly memory: WebAssembly.Memory;
  readonly #bytes: Uint8Array;
  readonly #blocks: Bzip2Exports;
  readonly #slotBytes: number;

  private constructor(blocks: Bzip2Exports, memory: WebAssembly.Memory, slotBytes: number) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#blocks = blocks;
    this.#slotBytes = slotBytes;
  }

  /** With room for `slots` pieces of output. */
  static async open(slots: number, slotBytes: number): Promise<BlockDecoder> {
    const memory = new WebAssembly.Memory({ ...memoryPages, shared: true });
    const blocks = await openBlocks(memory);
    const bytes = blocks.workspaceBytes.value + slots * (slotBytes + blocks.outputSlack.value);
    memory.grow(Math.ceil(bytes / 65_536));
    blocks.useWorkspace(0);
    return new BlockDecoder(blocks, memory, slotBytes);
  }

  /** Where a block's bytes go that `decodeInput` is to decode: another thread may put them there. */
  get inputAt(): number {
    return this.#blocks.inputAt.value;
  }

  /** Up to its output. */
  decode({ bytes, bit }: Omit<BlockPlace, 'position'>): BlockOutcome {
    copyBytes(bytes, this.#bytes, this.inputAt);
    return this.decodeInput(bytes.length, bit);
  }

  decodeInput(length: number, bit: number): BlockOutcome {
    const at = this.inputAt;
    const result = this.#blocks.decodeBlock(at, bit, at + length);
    if (result === blockResult.needInput) return 'need-input';
    if (result !== blockResult.done) return { fault: bzip2Faults[result] ?? `fault ${result}` };
    this.#blocks.startOutput();
    const { usedBits, blockCrc, blockLength } = this.#blocks;
    return { usedBits: usedBits.value, crc: blockCrc.value >>> 0, length: blockLength.value };
  }

  /** Writes the next piece of the block's output to a slot: one block may expand to 46 MB. */
  write(slot: number): BlockOutput {
    const stride = this.#slotBytes + this.#blocks.outputSlack.value;
    const at = this.#blocks.workspaceBytes.value + slot * stride;
    const result = this.#blocks.writeOutput(at, at + this.#slotBytes);
    if (result < 0) return { fault: bzip2Faults[result] ?? `fault ${result}` };
    return {
      bytes: this.#bytes.subarray(at, this.#blocks.outPos.value),
      isLast: result === outputResult.done,
    };
  }
}
