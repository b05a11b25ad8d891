import { copyBytes } from '../target/copy-bytes.ts';

/** So much of the input is taken at a time. @unit bytes */
export const pieceBytes = 512 * 1024;
/** Blocks are decoded side by side until so much is filled, or one by one when they are larger. @unit bytes */
const leastSlotBytes = 1024 * 1024;
/** A slice stays valid while the next two are produced. */
const slots = 3;

export interface BlockBuffersOptions {
  /** Where they may begin in the memory. @unit bytes */
  readonly at: number;
  /** What a module may touch behind the end of input and output. @unit bytes */
  readonly slackBytes: number;
  /** What comes with a block: its length, its checksum. @unit bytes */
  readonly extraBytes: number;
  /** Output before a block that it may refer to. @unit bytes */
  readonly windowBytes: number;
}

/**
 * Input and output of a codec that decodes block by block, in the memory of its module. Input stays until all of a
 * block is there; output lies in slots, each with what came before it in front.
 */
export class BlockBuffers {
  readonly #memory: WebAssembly.Memory;
  readonly #options: BlockBuffersOptions;
  #bytes: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at: number;
  #inputBytes = 0;
  #slotBytes = 0;
  #slot = 0;
  #outLimit = 0;
  /** Address of the first byte of the input that was not used. */
  inPos = 0;
  #inEnd = 0;
  /** Address behind the output. */
  outPos = 0;

  constructor(memory: WebAssembly.Memory, options: BlockBuffersOptions) {
    this.#memory = memory;
    this.#options = options;
    this.#at = options.at;
    this.#arrange(0);
  }

  /** All of the memory. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Input that was not used. @unit bytes */
  get available(): number {
    return this.#inEnd - this.inPos;
  }

  /** Longer blocks than before may come; slices made so far stay as they are. */
  expect(blockBytes: number): void {
    if (blockBytes <= this.#slotBytes) return;
    const input = this.#bytes.subarray(this.inPos, this.#inEnd);
    this.#at = this.#slotAt(slots);
    this.#arrange(blockBytes);
    this.take(input);
  }

  /** Adds at most `pieceBytes` to the input. */
  take(piece: Uint8Array): void {
    const inputAt = this.#at;
    if (this.#inEnd + piece.length > inputAt + this.#inputBytes) {
      copyBytes(this.#bytes.subarray(this.inPos, this.#inEnd), this.#bytes, inputAt);
      this.#inEnd -= this.inPos - inputAt;
      this.inPos = inputAt;
    }
    copyBytes(piece, this.#bytes, this.#inEnd);
    this.#inEnd += piece.length;
  }

  /** Where the next block goes; moves to the next slot, with so much history, when it may not fit into this one. */
  makeRoom(blockBytes: number, historyBytes: number): number {
    if (this.outPos + blockBytes <= this.#outLimit) return this.outPos;
    const from = this.outPos;
    this.#enterSlot((this.#slot + 1) % slots);
    copyBytes(this.#bytes.subarray(from - historyBytes, from), this.#bytes, this.outPos - historyBytes);
    return this.outPos;
  }

  /** From `address` on, where the output ends as well. */
  written(address: number, bytes: number): Uint8Array {
    this.outPos = address + bytes;
    return this.#bytes.subarray(address, this.outPos);
  }

  #arrange(blockBytes: number): void {
    const { extraBytes, slackBytes } = this.#options;
    this.#slotBytes = Math.max(leastSlotBytes, blockBytes);
    this.#inputBytes = this.#slotBytes + extraBytes + 2 * pieceBytes;
    this.inPos = this.#at;
    this.#inEnd = this.#at;
    const missing = this.#slotAt(slots) + slackBytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / 65_536));
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
    this.#enterSlot(0);
  }

  #slotAt(slot: number): number {
    const { slackBytes, windowBytes } = this.#options;
    return this.#at + this.#inputBytes + slackBytes + slot * (windowBytes + this.#slotBytes + slackBytes);
  }

  #enterSlot(slot: number): void {
    this.#slot = slot;
    this.outPos = this.#slotAt(slot) + this.#options.windowBytes;
    this.#outLimit = this.outPos + this.#slotBytes;
  }
}
