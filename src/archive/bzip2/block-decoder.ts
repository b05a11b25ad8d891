import { copyBytes } from '../../target/copy-bytes.ts';
import { memoryPages } from '../wasm/memory-pages.ts';
import { type Bzip2Exports, blockResult, bzip2Faults, openBlocks, outputResult } from './bzip2-module.ts';
import type { BlockPlace, DecodedBlock } from './stream-reader.ts';

/** Decodes one block after another, each by itself. Its memory is its own. */
export class BlockDecoder {
  readonly memory: WebAssembly.Memory;
  readonly #bytes: Uint8Array;
  readonly #blocks: Bzip2Exports;
  readonly #slots: number;
  readonly #slotBytes: number;
  #slot = 0;

  private constructor(blocks: Bzip2Exports, memory: WebAssembly.Memory, slots: number, slotBytes: number) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#blocks = blocks;
    this.#slots = slots;
    this.#slotBytes = slotBytes;
  }

  /** A slice of output stays valid while one fewer than `slots` others are written. */
  static async open(slots: number, slotBytes: number): Promise<BlockDecoder> {
    const memory = new WebAssembly.Memory({ ...memoryPages, shared: true });
    const blocks = await openBlocks(memory);
    const bytes = blocks.workspaceBytes.value + slots * (slotBytes + blocks.outputSlack.value);
    memory.grow(Math.ceil(bytes / 65_536));
    blocks.useWorkspace(0);
    return new BlockDecoder(blocks, memory, slots, slotBytes);
  }

  /** Up to its output. `need-input` when it goes on behind the place; a text says what is wrong with it. */
  decode({ bytes, bit }: Omit<BlockPlace, 'position'>): DecodedBlock | 'need-input' | { fault: string } {
    const at = this.#blocks.inputAt.value;
    copyBytes(bytes, this.#bytes, at);
    const result = this.#blocks.decodeBlock(at, bit, at + bytes.length);
    if (result === blockResult.needInput) return 'need-input';
    if (result !== blockResult.done) return { fault: bzip2Faults[result] ?? `fault ${result}` };
    this.#blocks.startOutput();
    const { usedBits, blockCrc, blockLength } = this.#blocks;
    return { usedBits: usedBits.value, crc: blockCrc.value >>> 0, length: blockLength.value };
  }

  /** The next piece of the block's output: one block may expand to 46 MB. */
  write(): { bytes: Uint8Array; isLast: boolean } | { fault: string } {
    const stride = this.#slotBytes + this.#blocks.outputSlack.value;
    const at = this.#blocks.workspaceBytes.value + this.#slot * stride;
    const result = this.#blocks.writeOutput(at, at + this.#slotBytes);
    if (result < 0) return { fault: bzip2Faults[result] ?? `fault ${result}` };
    this.#slot = (this.#slot + 1) % this.#slots;
    return {
      bytes: this.#bytes.subarray(at, this.#blocks.outPos.value),
      isLast: result === outputResult.done,
    };
  }
}
