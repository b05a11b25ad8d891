import { Crc32 } from '../hash/crc32.ts';
import { damagedGzip, type GzipTrailer } from '../inflate/gzip-decoder.ts';

/** CRC-32 of the gzip member that the output is in, compared with the trailers it passes. */
export class MemberChecksum {
  readonly #sum: Crc32;
  #crc: number;
  #outputBytes: number;

  private constructor(sum: Crc32, crc: number, outputBytes: number) {
    this.#sum = sum;
    this.#crc = crc;
    this.#outputBytes = outputBytes;
  }

  /** Goes on with the sum `crc` of a member whose output has reached `outputBytes` of the object's. */
  static async open(crc: number, outputBytes: number): Promise<MemberChecksum> {
    return new MemberChecksum(await Crc32.open(), crc, outputBytes);
  }

  get crc(): number {
    return this.#crc;
  }

  /** @throws ARCHIVE_CORRUPT when a member that ends within or right behind `bytes` is not what its trailer says */
  add(bytes: Uint8Array, trailers: readonly GzipTrailer[]): void {
    let at = 0;
    for (const trailer of trailers) {
      const end = trailer.outputBytes - this.#outputBytes;
      this.#crc = this.#sum.of(bytes.subarray(at, end), this.#crc);
      at = end;
      if (trailer.crc !== this.#crc)
        throw damagedGzip('incorrect data check (CRC-32)', trailer.compressedOffset, trailer.outputBytes);
      this.#crc = 0;
    }
    this.#crc = this.#sum.of(bytes.subarray(at), this.#crc);
    this.#outputBytes += bytes.length;
  }
}
