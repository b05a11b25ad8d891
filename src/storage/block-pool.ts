/** Of one block. @unit bytes */
export const blockBytes = 1024 * 1024;

/** Memory for up to so many bytes, one block at most. */
export const freshBlock = (bytes: number): Uint8Array =>
  Buffer.allocUnsafeSlow(Math.min(blockBytes, Math.max(1, bytes)));

/**
 * Of readers that have ended, for the next ones in this thread: left to the collector, the blocks of one stretch of an
 * archive stay beside those of the next.
 */
const idle: ArrayBufferLike[] = [];
const keptIdle = 24;

/**
 * Blocks that are used again. Fresh memory for each piece is what reading costs most: V8 collects its whole heap each
 * time so much memory outside of it has come and gone (two thirds of the CPU of 500 MiB over loopback).
 */
export class BlockPool {
  readonly #own = new Set<ArrayBufferLike>();
  readonly #free: ArrayBufferLike[] = [];

  /** Memory for up to so many bytes, one block at most. */
  readonly take = (bytes: number): Uint8Array => {
    // A whole block for little would break the reader's bound on memory.
    if (bytes < blockBytes / 2) return freshBlock(bytes);
    const memory = this.#free.pop() ?? idle.pop() ?? freshBlock(blockBytes).buffer;
    this.#own.add(memory);
    return new Uint8Array(memory, 0, Math.min(blockBytes, bytes));
  };

  /** Nobody looks at a piece of this memory any more. What is not this pool's is left to the collector. */
  giveBack(memory: ArrayBufferLike): void {
    if (this.#own.delete(memory)) this.#free.push(memory);
  }

  /** When nothing reads into any of it any more. What was not given back, somebody may still look at. */
  release(): void {
    idle.push(...this.#free.splice(0, keptIdle - idle.length));
    this.#free.length = 0;
  }
}
