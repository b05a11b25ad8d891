/**
 * What O_DIRECT asks of a buffer's address, of lengths and of offsets: a multiple of the device's logical block.
 * 4096 is one for every device in use, and the size of a page.
 * @unit bytes
 */
export const alignment = 4096;

/** Memories that no writer uses now: making one maps address space and clears pages. */
const idleMemories: WebAssembly.Memory[] = [];
const keptIdle = 4;
const wasmPageBytes = 64 * 1024;

/**
 * A fixed number of buffers that begin at a page. Only WebAssembly's memory says so: an ArrayBuffer starts
 * somewhere inside what malloc gave. The system backs a buffer with real memory at its first use only.
 */
export class AlignedBuffers {
  /** @unit bytes */
  readonly sizeBytes: number;
  readonly #count: number;
  #memory: WebAssembly.Memory | null = null;
  readonly #free: Uint8Array[] = [];
  readonly #waiting: ((buffer: Uint8Array) => void)[] = [];

  /** `sizeBytes`: a multiple of 4096. */
  constructor(count: number, sizeBytes: number) {
    this.#count = count;
    this.sizeBytes = sizeBytes;
  }

  /** Waits until one is free. Its content is whatever was written last. */
  async take(): Promise<Uint8Array> {
    if (this.#memory === null) this.#allocate();
    return this.#free.pop() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(buffer: Uint8Array): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(buffer);
    else next(buffer);
  }

  /** For another writer to use; only when nothing reads or writes any of the buffers. */
  release(): void {
    if (this.#memory !== null && idleMemories.length < keptIdle) idleMemories.push(this.#memory);
    this.#memory = null;
    this.#free.length = 0;
  }

  #allocate(): void {
    const wanted = this.#count * this.sizeBytes;
    const fits = idleMemories.findIndex(({ buffer }) => buffer.byteLength >= wanted);
    const [idle] = fits === -1 ? [] : idleMemories.splice(fits, 1);
    const pages = Math.ceil(wanted / wasmPageBytes);
    this.#memory = idle ?? new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    // The first one last: it is taken first, and the others stay untouched as long as they are not needed.
    for (let index = this.#count - 1; index >= 0; index -= 1) {
      this.#free.push(new Uint8Array(this.#memory.buffer, index * this.sizeBytes, this.sizeBytes));
    }
  }
}
