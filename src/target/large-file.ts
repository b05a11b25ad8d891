import { constants } from 'node:fs';
import { type AlignedBuffers, alignment } from './aligned-buffers.ts';
import { copyBytes } from './copy-bytes.ts';
import { atPath, systemCode } from './fs-errors.ts';
import type { WriteBehind } from './write-behind.ts';
import type { WriterCalls } from './writer-calls.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;

/** What the files of one writer share. */
export interface LargeFileContext {
  readonly calls: WriterCalls;
  readonly buffers: AlignedBuffers;
  readonly behind: WriteBehind;
  /** Whether O_DIRECT is still worth trying; a file system that refuses it once is not asked again. */
  mayWriteDirectly: boolean;
}

/**
 * A file that is written from page-aligned buffers while the next ones are filled, with O_DIRECT where that
 * works: through the page cache the same bytes cost several times the processor time, and a sync later waits for
 * all of them at once.
 *
 * A block is written by one way only, directly or through the page cache. Pieces end at multiples of the buffer's
 * size in the file, so that no page of any machine (some have 64 KiB) is shared by two writes in flight. The last
 * block of a file, and the one a sync finds half filled, is padded with zeros: the bytes there are still to come,
 * and those behind the file's end are cut off again.
 */
export class LargeFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #context: LargeFileContext;
  readonly #pieces = new Set<Promise<void>>();
  readonly #directCalls = new Set<Promise<number>>();
  #fd: number;
  #isDirect: boolean;
  #changeToBuffered: Promise<void> | null = null;
  #buffer: Uint8Array | null = null;
  /** Where the buffer's first byte is in the file. */
  #bufferAt: number;
  #filled = 0;
  /** Of the filled bytes; whole blocks when the file is written directly. */
  #written = 0;
  /** Padding went behind the file's end. */
  #isTooLong = false;

  /** `fd` is open for reading too, unless the file begins at 0. Its size must be set already. */
  constructor(
    context: LargeFileContext,
    file: { path: string; sizeBytes: number; fd: number; isDirect: boolean },
    fromByte: number,
  ) {
    this.#context = context;
    this.path = file.path;
    this.sizeBytes = file.sizeBytes;
    this.#fd = file.fd;
    this.#isDirect = file.isDirect;
    this.#bufferAt = fromByte;
  }

  /** Bytes that were given, those before the continuation included. */
  get end(): number {
    return this.#bufferAt + this.#filled;
  }

  /** Before the first `append` of a file that is continued: reads back what its first block holds already. */
  async readBlockStart(): Promise<void> {
    const start = this.end % alignment;
    if (!this.#isDirect || start === 0) return;
    const buffer = await this.#context.buffers.take();
    this.#buffer = buffer;
    this.#bufferAt -= start;
    const block = buffer.subarray(0, alignment);
    try {
      await this.#context.calls.read(this.#fd, block, this.#bufferAt);
    } catch (error) {
      if (systemCode(error) !== 'EINVAL') throw error;
      await this.#becomeBuffered();
      await this.#context.calls.read(this.#fd, block, this.#bufferAt);
    }
    this.#filled = start;
  }

  /** Copies; the bytes are on their way to the file when their buffer is full. */
  async append(bytes: Uint8Array): Promise<void> {
    const { buffers } = this.#context;
    for (let from = 0; from < bytes.byteLength; ) {
      const buffer = (this.#buffer ??= await buffers.take());
      const capacity = buffers.sizeBytes - (this.#bufferAt % buffers.sizeBytes);
      const part = bytes.subarray(from, from + capacity - this.#filled);
      copyBytes(part, buffer, this.#filled);
      this.#filled += part.byteLength;
      from += part.byteLength;
      if (this.#filled === capacity) this.#handOver();
    }
  }

  /** Everything given so far is in the file when it resolves, or the writer has failed. */
  async flush(): Promise<void> {
    const buffer = this.#buffer;
    if (buffer !== null && this.#filled > this.#written) {
      void this.#write(buffer.subarray(this.#written, this.#padded(buffer)), this.#bufferAt + this.#written);
      this.#written = this.#isDirect ? this.#filled - (this.#filled % alignment) : this.#filled;
    }
    await Promise.all(this.#pieces);
    await this.#cut();
  }

  /** Nothing may be appended any more. Resolves when the file is closed; an error comes from the writer's `behind`. */
  finish(): Promise<void> {
    const { behind } = this.#context;
    if (this.#buffer !== null) this.#handOver();
    const ending = async (): Promise<void> => {
      await Promise.all(this.#pieces);
      try {
        await this.#cut();
      } finally {
        await this.#close();
      }
    };
    return behind.follow(atPath(this.path, ending));
  }

  /** Drops what was not handed over and waits for the rest. */
  async abandon(): Promise<void> {
    this.#giveBuffer();
    await Promise.all(this.#pieces);
    await this.#close();
  }

  async #cut(): Promise<void> {
    if (!this.#isTooLong || this.#context.behind.hasFailed) return;
    await this.#context.calls.truncate(this.#fd, this.sizeBytes);
    this.#isTooLong = false;
  }

  async #close(): Promise<void> {
    await this.#changeToBuffered?.catch(() => {});
    await this.#context.calls.close(this.#fd);
  }

  #giveBuffer(): void {
    if (this.#buffer !== null) this.#context.buffers.give(this.#buffer);
    this.#buffer = null;
  }

  #handOver(): void {
    const buffer = this.#buffer;
    if (buffer === null) return;
    this.#buffer = null;
    const piece = buffer.subarray(this.#written, this.#padded(buffer));
    const written = this.#write(piece, this.#bufferAt + this.#written);
    void written.then(() => this.#context.buffers.give(buffer));
    this.#bufferAt += this.#filled;
    this.#filled = 0;
    this.#written = 0;
  }

  /** End of the buffer's part to write: whole blocks, zeros behind the bytes. */
  #padded(buffer: Uint8Array): number {
    if (!this.#isDirect) return this.#filled;
    const end = Math.ceil(this.#filled / alignment) * alignment;
    buffer.fill(0, this.#filled, end);
    if (this.#bufferAt + end > this.sizeBytes) this.#isTooLong = true;
    return end;
  }

  #write(piece: Uint8Array, position: number): Promise<void> {
    if (piece.byteLength === 0) return Promise.resolve();
    const written = this.#context.behind
      .add(() => atPath(this.path, () => this.#writeOut(piece, position)))
      .finally(() => this.#pieces.delete(written));
    this.#pieces.add(written);
    return written;
  }

  async #writeOut(piece: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < piece.byteLength; ) {
      if (this.#changeToBuffered !== null) await this.#changeToBuffered;
      const rest = piece.subarray(done);
      done += this.#isDirect
        ? await this.#writeDirectly(rest, position + done)
        : await this.#context.calls.write(this.#fd, rest, position + done);
    }
  }

  async #writeDirectly(rest: Uint8Array, position: number): Promise<number> {
    const call = this.#context.calls.write(this.#fd, rest, position);
    this.#directCalls.add(call);
    try {
      const count = await call;
      if (count === rest.byteLength) return count;
      // Cut short within a block: what follows must begin with that block again.
      const blocks = count - (count % alignment);
      if (blocks > 0) return blocks;
    } catch (error) {
      if (systemCode(error) !== 'EINVAL') throw error;
    } finally {
      this.#directCalls.delete(call);
    }
    await this.#becomeBuffered();
    return 0;
  }

  /** The file system, or the device below it, refuses direct writes after all. */
  #becomeBuffered(): Promise<void> {
    return (this.#changeToBuffered ??= this.#reopenBuffered());
  }

  async #reopenBuffered(): Promise<void> {
    const { calls } = this.#context;
    this.#context.mayWriteDirectly = false;
    // A page that is read in for a buffered write must not miss what a direct write is bringing to the disk.
    await Promise.allSettled(this.#directCalls);
    const fd = await calls.open(this.path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    const direct = this.#fd;
    this.#fd = fd;
    this.#isDirect = false;
    await calls.close(direct);
  }
}
