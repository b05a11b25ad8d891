const headerBytes = 3;
const checksumBytes = 4;
const blockType = { repeated: 1, reserved: 3 } as const;

/** Finds where a frame ends: blocks say how long they are (RFC 8878, 3.1.1.2), so nothing is decoded for it. */
export class BlockScanner {
  readonly #hasChecksum: boolean;
  #header = 0;
  #headerLength = 0;
  /** Left of what a header announced. @unit bytes */
  #left = 0;
  #isLast = false;

  constructor(hasChecksum: boolean) {
    this.#hasChecksum = hasChecksum;
  }

  /** How many of `bytes`, which follow those of the last call, are of the frame; `fault` when they make no sense. */
  scan(bytes: Uint8Array): {
    readonly length: number;
    readonly ends: boolean;
    readonly fault: string | null;
  } {
    let at = 0;
    for (;;) {
      const passed = Math.min(this.#left, bytes.length - at);
      at += passed;
      this.#left -= passed;
      if (this.#left === 0 && this.#isLast) return { length: at, ends: true, fault: null };
      if (at === bytes.length) return { length: at, ends: false, fault: null };
      this.#header += (bytes[at] ?? 0) * 256 ** this.#headerLength;
      at++;
      this.#headerLength++;
      if (this.#headerLength < headerBytes) continue;
      const type = (this.#header >>> 1) & 3;
      if (type === blockType.reserved)
        return { length: at, ends: false, fault: 'a block of the reserved type' };
      this.#isLast = (this.#header & 1) === 1;
      this.#left = type === blockType.repeated ? 1 : this.#header >>> 3;
      if (this.#isLast && this.#hasChecksum) this.#left += checksumBytes;
      this.#header = 0;
      this.#headerLength = 0;
    }
  }
}
