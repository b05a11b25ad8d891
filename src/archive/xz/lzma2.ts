import type { Fault } from './container.ts';
import { lzmaFaults, lzmaResult, type Xz } from './xz-module.ts';

/** As xz -9 has it. @unit bytes */
const maxDictionaryBytes = 64 * 1024 * 1024;
/** A slice stays valid while two others are made: the ring holds more than three. @unit bytes */
const minRingBytes = 4 * 1024 * 1024;
const sliceBytes = 1024 * 1024;

/** A chunk whose header was read; its data is there as well. */
interface Chunk {
  readonly isCompressed: boolean;
  /** Of the chunk's data in the memory. */
  at: number;
  readonly end: number;
}

/** One block's data: chunks of at most 64 KiB that become at most 2 MiB. */
export class Lzma2 {
  readonly #xz: Xz;
  #needsDictionary = true;
  #needsProperties = true;
  #chunk: Chunk | null = null;

  /** Makes room for a dictionary. */
  static open(xz: Xz, dictionaryBytes: number): Lzma2 | Fault {
    if (dictionaryBytes > maxDictionaryBytes) {
      const mib = Math.ceil(dictionaryBytes / 1024 ** 2);
      return { unsupported: `a dictionary of ${mib} MiB, more than the 64 MiB of xz -9` };
    }
    const { exports, memory } = xz;
    const ringBytes = Math.max(minRingBytes, dictionaryBytes + exports.ringSlack.value);
    const missing = exports.ringAt.value + ringBytes + exports.ringSlack.value - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
    exports.useRing(ringBytes, dictionaryBytes);
    return new Lzma2(xz);
  }

  private constructor(xz: Xz) {
    this.#xz = xz;
  }

  /**
   * Reads a chunk's header at `at` of the memory when the whole chunk is there: where what comes behind it begins.
   * Null: it is not there yet. `isLast`: it was the mark of the block's end.
   */
  readHeader(at: number, end: number): { end: number; isLast: boolean } | Fault | null {
    const { exports, memory } = this.#xz;
    const bytes = new Uint8Array(memory.buffer, at, Math.min(6, end - at));
    const [control] = bytes;
    if (control === undefined) return null;
    if (control === 0) return { end: at + 1, isLast: true };
    if (control > 2 && control < 0x80) return { fault: 'invalid kind of a chunk' };
    const isCompressed = control >= 0x80;
    const hasProperties = control >= 0xc0;
    const headerBytes = isCompressed ? (hasProperties ? 6 : 5) : 3;
    if (bytes.length < headerBytes) return null;
    const header = new DataView(memory.buffer, at, headerBytes);
    const packedBytes = header.getUint16(isCompressed ? 3 : 1) + 1;
    const chunk = { isCompressed, at: at + headerBytes, end: at + headerBytes + packedBytes };
    if (chunk.end > end) return null;

    if (control === 1 || control >= 0xe0) {
      exports.resetDictionary();
      this.#needsDictionary = false;
      this.#needsProperties = true;
    } else if (this.#needsDictionary) return { fault: 'a first chunk that needs an earlier one' };
    if (hasProperties) {
      if (exports.setProperties(bytes[5] ?? 0) === 0) return { fault: 'invalid properties of a chunk' };
      this.#needsProperties = false;
    } else if (isCompressed && this.#needsProperties) return { fault: 'a chunk without properties' };
    if (control >= 0xa0) exports.resetState();
    if (isCompressed) {
      const unpackedBytes = ((control & 0x1f) << 16) + header.getUint16(1) + 1;
      const result = exports.startChunk(chunk.at, packedBytes, unpackedBytes);
      if (result < 0) return { fault: lzmaFaults[result] ?? `fault ${result}` };
    }
    this.#chunk = chunk;
    return { end: chunk.end, isLast: false };
  }

  /** A chunk was begun, and not all of it was written yet. */
  get isInChunk(): boolean {
    return this.#chunk !== null;
  }

  /** The chunk's next piece of output. */
  write(): Uint8Array | Fault {
    const { exports, memory } = this.#xz;
    const chunk = this.#chunk;
    const from = exports.outPos.value;
    const limit = exports.limitOf(sliceBytes);
    let length: number;
    if (chunk?.isCompressed === false) {
      length = Math.min(limit - from, chunk.end - chunk.at);
      exports.copyUncompressed(chunk.at, length);
      chunk.at += length;
      if (chunk.at === chunk.end) this.#chunk = null;
    } else {
      const result = exports.run(limit);
      if (result < 0) return { fault: lzmaFaults[result] ?? `fault ${result}` };
      // At the ring's end the output goes round.
      const to = exports.outPos.value;
      length = (to > from ? to : limit) - from;
      if (result === lzmaResult.done) this.#chunk = null;
    }
    return new Uint8Array(memory.buffer, from, length);
  }
}
