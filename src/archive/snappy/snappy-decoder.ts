import type { OdoError } from '../../errors/odo-error.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import { BlockBuffers, pieceBytes } from '../block-buffers.ts';
import { damagedData, endedEarly } from '../damage.ts';
import type { Decoder } from '../decoder.ts';
import { adoptMemory, type HashModule, openHashModule, sumUp } from '../hash/hash-module.ts';
import { IdleInstances } from '../wasm/idle-instances.ts';
import { instantiateSnappy, type Snappy, snappyFaults } from './snappy-module.ts';

export interface SnappyState {
  readonly codec: 'snappy';
  readonly compressedBytes: number;
  readonly outputBytes: number;
  /** The chunk that every stream begins with was there. */
  readonly isIdentified: boolean;
  /** Left of a chunk that is passed over. @unit bytes */
  readonly skipBytes: number;
}

const headerBytes = 4;
const checksumBytes = 4;
/** Of the data of one chunk. @unit bytes */
const chunkBytes = 65_536;
/** The most that a chunk of so much data may be compressed to (snappy.cc, MaxCompressedLength), with its checksum. */
const bodyBytes = checksumBytes + 32 + chunkBytes + Math.floor(chunkBytes / 6);

const chunkType = { compressed: 0x00, stored: 0x01, padding: 0xfe, identifier: 0xff } as const;
const identifier = Buffer.from('sNaPpY');

const idle = new IdleInstances<Snappy>(4);

export async function openSnappyDecoder(state?: SnappyState): Promise<SnappyDecoder> {
  const instance = await idle.take(instantiateSnappy);
  const decoder = new SnappyDecoder(instance, await openHashModule(), state);
  // Behind the constructor: the memory must not grow any more.
  await adoptMemory(instance.memory, 'receiver');
  return decoder;
}

/**
 * Snappy's framing format (google/snappy, framing_format.txt): chunks that do not depend on each other, each with a
 * checksum. Nothing marks the end, so an object that is cut between two chunks is noticed by its reader only. The types
 * 0x80 to 0xfd, which nobody writes and a reader may pass over, are refused: one wrong bit makes one of a chunk of data.
 */
export class SnappyDecoder implements Decoder<SnappyState> {
  readonly #instance: Snappy;
  readonly release: () => void;
  readonly #hash: HashModule;
  readonly #buffers: BlockBuffers;
  #isIdentified: boolean;
  #skipBytes: number;
  #outputBytes: number;
  /** Bytes of the object that were given to `push`. */
  #taken: number;

  constructor(instance: Snappy, hash: HashModule, state?: SnappyState) {
    this.#instance = instance;
    this.release = idle.returning(instance);
    this.#hash = hash;
    const { buffersAt, slack } = instance.exports;
    this.#buffers = new BlockBuffers(instance.memory, {
      at: buffersAt.value,
      slackBytes: slack.value,
      extraBytes: headerBytes + bodyBytes - chunkBytes,
      windowBytes: 0,
    });
    this.#isIdentified = state?.isIdentified ?? false;
    this.#skipBytes = state?.skipBytes ?? 0;
    this.#outputBytes = state?.outputBytes ?? 0;
    this.#taken = state?.compressedBytes ?? 0;
  }

  get compressedBytes(): number {
    return this.#taken - this.#buffers.available;
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < input.length; at += pieceBytes) {
      const piece = input.subarray(at, at + pieceBytes);
      this.#buffers.take(piece);
      this.#taken += piece.length;
      yield* this.#drain();
    }
  }

  rest(): Uint8Array[] {
    return [];
  }

  finish(): void {
    if (this.#isIdentified && this.#skipBytes === 0 && this.#buffers.available === 0) return;
    throw endedEarly('snappy', 'inside a chunk', {
      compressedOffset: this.#taken,
      outputBytes: this.#outputBytes,
    });
  }

  snapshot(): SnappyState {
    return {
      codec: 'snappy',
      compressedBytes: this.compressedBytes,
      outputBytes: this.#outputBytes,
      isIdentified: this.#isIdentified,
      skipBytes: this.#skipBytes,
    };
  }

  *#drain(): Generator<Uint8Array> {
    for (;;) {
      const { available, inPos, view, bytes } = this.#buffers;
      const skipped = Math.min(this.#skipBytes, available);
      this.#buffers.inPos += skipped;
      this.#skipBytes -= skipped;
      if (skipped > 0) continue;
      if (this.#skipBytes > 0 || available < headerBytes) return;
      const type = bytes[inPos] ?? 0;
      const length = view.getUint32(inPos, true) >>> 8;
      if (!this.#isIdentified && type !== chunkType.identifier)
        throw this.#corrupt('no snappy stream begins here');
      if (type === chunkType.identifier) {
        if (length !== identifier.length) throw this.#corrupt('a stream identifier of another length');
        if (available < headerBytes + length) return;
        const body = bytes.subarray(inPos + headerBytes, inPos + headerBytes + length);
        if (!identifier.equals(body)) throw this.#corrupt('another stream identifier');
        this.#isIdentified = true;
        this.#buffers.inPos += headerBytes + length;
      } else if (type === chunkType.padding) {
        this.#buffers.inPos += headerBytes;
        this.#skipBytes = length;
      } else {
        if (type > chunkType.stored) throw this.#corrupt(`a chunk of the unknown type ${type}`);
        if (length < checksumBytes || length > bodyBytes)
          throw this.#corrupt(`a chunk of data of ${length} bytes`);
        if (available < headerBytes + length) return;
        const slice = this.#readData(type, inPos + headerBytes, length);
        if (slice.length > 0) yield slice;
      }
    }
  }

  /** A chunk with data, whose body lies at `body`. */
  #readData(type: number, body: number, length: number): Uint8Array {
    const { view, bytes } = this.#buffers;
    const data = body + checksumBytes;
    const end = body + length;
    const out = this.#buffers.makeRoom(chunkBytes, 0);
    let decoded = end - data;
    if (type === chunkType.compressed) {
      decoded = this.#instance.exports.decodeChunk(data, end, out, out + chunkBytes);
      if (decoded < 0) throw this.#corrupt(snappyFaults[decoded] ?? `fault ${decoded}`);
    } else {
      if (decoded > chunkBytes) throw this.#corrupt('a chunk of more than 64 KiB');
      copyBytes(bytes.subarray(data, end), bytes, out);
    }
    const slice = this.#buffers.written(out, decoded);
    const crc = sumUp(this.#hash, 'crc32c', 0, slice);
    // Masked, because a CRC of data that holds CRCs is a weak one.
    if ((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0 !== view.getUint32(body, true))
      throw this.#corrupt('wrong checksum of a chunk');
    this.#buffers.inPos = end;
    this.#outputBytes += decoded;
    return slice;
  }

  #corrupt(what: string): OdoError {
    const { compressedBytes: compressedOffset, outputBytes } = this;
    return damagedData('snappy', what, { compressedOffset, outputBytes });
  }
}
