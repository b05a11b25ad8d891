import { constants, createZstdDecompress } from 'node:zlib';

/** Smaller ones cost a factor of four, because each is a way to the thread pool and back. @unit bytes */
const chunkBytes = 1024 * 1024;

/** The largest window that zstd itself decodes, and that the format's writers make (`--long=31`). */
export const largestWindowLog = 31;

/** One frame through node:zlib, which compares its checksum. */
export class FrameStream {
  readonly #zstd = createZstdDecompress({
    chunkSize: chunkBytes,
    params: { [constants.ZSTD_d_windowLogMax]: largestWindowLog },
  });
  #error: Error | null = null;
  #wake = () => {};

  constructor() {
    this.#zstd.on('error', (error) => {
      this.#error = error;
      this.#wake();
    });
    this.#zstd.on('readable', () => this.#wake());
  }

  /** What the frame's next bytes decode to. @throws what zlib says of damage */
  feed(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    return this.#until((done) => this.#zstd.write(bytes, done));
  }

  /** The frame has ended: what is left of it. */
  end(): AsyncGenerator<Uint8Array> {
    return this.#until((done) => {
      this.#zstd.once('end', done);
      this.#zstd.end();
    });
  }

  destroy(): void {
    this.#zstd.destroy();
  }

  async *#until(start: (done: () => void) => void): AsyncGenerator<Uint8Array> {
    let isDone = false;
    start(() => {
      isDone = true;
      this.#wake();
    });
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      for (let chunk = this.#zstd.read(); chunk !== null; chunk = this.#zstd.read()) yield chunk as Buffer;
      if (this.#error !== null) throw this.#error;
      if (isDone) return;
      await woken;
    }
  }
}
