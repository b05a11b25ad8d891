import { type BrotliDecompress, createBrotliDecompress } from 'node:zlib';
import { OdoError } from '../errors/odo-error.ts';
import type { Decoder } from './decoder.ts';

/** Always the beginning: the decoder of Node cannot be saved, so that a resume decodes again and drops what it has. */
export interface BrotliState {
  readonly codec: 'brotli';
  readonly compressedBytes: 0;
  readonly outputBytes: 0;
}

/** Twice as fast as the default of 16 KiB. @unit bytes */
const chunkSize = 256 * 1024;

/**
 * Brotli (RFC 7932) as WAL-G writes it: one stream an object. The format has no checksum; what is wrong in it shows only
 * where it no longer makes sense, in the tar, or in the pages.
 */
export class BrotliDecoder implements Decoder<BrotliState> {
  readonly #stream: BrotliDecompress = createBrotliDecompress({ chunkSize });
  #compressedBytes = 0;
  #outputBytes = 0;
  #error: Error | null = null;
  #hasEnded = false;
  #wake: (() => void) | null = null;

  constructor() {
    const wake = () => this.#wake?.();
    this.#stream.on('readable', wake);
    this.#stream.on('end', () => {
      this.#hasEnded = true;
      wake();
    });
    this.#stream.on('error', (error) => {
      this.#error = error;
      wake();
    });
  }

  get compressedBytes(): number {
    return this.#compressedBytes;
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  async *push(input: Uint8Array): AsyncGenerator<Uint8Array> {
    if (input.length === 0) return;
    let isTaken = false;
    // The stream keeps the memory until it has taken everything.
    this.#stream.write(Buffer.from(input), () => {
      isTaken = true;
      this.#wake?.();
    });
    yield* this.#until(() => isTaken);
    if (this.#error !== null) throw this.#corrupt('is damaged');
    this.#compressedBytes += input.length;
    if (this.#stream.bytesWritten < this.#compressedBytes) throw this.#corrupt('has bytes behind its end');
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    this.#stream.end();
    yield* this.#until(() => this.#hasEnded);
  }

  finish(): void {
    if (!this.#hasEnded) throw this.#corrupt('ends too early');
  }

  snapshot(): BrotliState {
    return { codec: 'brotli', compressedBytes: 0, outputBytes: 0 };
  }

  release(): void {
    this.#stream.destroy();
  }

  /** Output until `isDone`, or until an error. */
  async *#until(isDone: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#stream.read() as Buffer | null;
      if (chunk !== null) {
        this.#outputBytes += chunk.length;
        yield chunk;
      } else if (isDone() || this.#error !== null) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #corrupt(what: string): OdoError {
    return new OdoError('ARCHIVE_CORRUPT', `The brotli stream ${what} at byte ${this.#compressedBytes}.`, {
      hint: 'The object is damaged, cut or encrypted. Use another backup.',
      details: { compressedOffset: this.#compressedBytes },
      cause: this.#error ?? undefined,
    });
  }
}
