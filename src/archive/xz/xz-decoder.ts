import { OdoError } from '../../errors/odo-error.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import { damagedData, endedEarly } from '../damage.ts';
import type { Decoder } from '../decoder.ts';
import { IdleInstances } from '../wasm/idle-instances.ts';
import { BlockCheck } from './block-check.ts';
import {
  type BlockHeader,
  type Check,
  checks,
  type Fault,
  readBlockHeader,
  readStreamFooter,
  readStreamHeader,
  streamFooterBytes,
  streamHeaderBytes,
} from './container.ts';
import { addRecord, type BlockRecords, IndexCheck, noRecords } from './index-check.ts';
import { Lzma2 } from './lzma2.ts';
import { instantiateXz, type Xz } from './xz-module.ts';

/**
 * What is expected next.
 * - `header`: of a stream
 * - `block`: the header of a block, or the index
 * - `data`: a chunk of a block, or the mark of its end; `check`: what follows that
 * - `padding`: zeros behind a stream, another stream, or nothing
 */
type Phase = 'header' | 'block' | 'data' | 'check' | 'index' | 'footer' | 'padding';

/** Where a block begins, or a stream: nothing of the output so far is needed to go on there. */
export interface XzState {
  readonly codec: 'xz';
  readonly compressedBytes: number;
  readonly outputBytes: number;
  readonly phase: 'header' | 'block' | 'padding';
  /** Completed before. */
  readonly streams: number;
  /** Of the stream's blocks. */
  readonly check: Check;
  readonly records: BlockRecords;
}

interface Block {
  readonly header: BlockHeader;
  readonly headerBytes: number;
  /** In the object. @unit bytes */
  readonly start: number;
  readonly data: Lzma2;
  readonly check: BlockCheck;
  outputBytes: number;
}

const pieceBytes = 512 * 1024;

const idle = new IdleInstances<Xz>(2);

export async function openXzDecoder(state?: XzState): Promise<XzDecoder> {
  return new XzDecoder(await idle.take(instantiateXz), state);
}

/** xz: several streams and blocks, padding, every check; LZMA2 only. Resumable where a block begins. */
export class XzDecoder implements Decoder<XzState> {
  readonly #xz: Xz;
  readonly release: () => void;
  #phase: Phase;
  #streams: number;
  #check: Check;
  #records: BlockRecords;
  #block: Block | null = null;
  #index: IndexCheck | null = null;
  #outputBytes: number;
  #saved: XzState;

  /** Compressed bytes that have come, from the object's beginning. */
  #taken: number;
  /** What of them is not used up lies here in the memory. */
  #inPos: number;
  #inEnd: number;

  constructor(xz: Xz, state?: XzState) {
    this.#xz = xz;
    this.release = idle.returning(xz);
    this.#phase = state?.phase ?? 'header';
    this.#streams = state?.streams ?? 0;
    this.#check = state?.check ?? 'none';
    this.#records = state?.records ?? noRecords;
    this.#outputBytes = state?.outputBytes ?? 0;
    this.#taken = state?.compressedBytes ?? 0;
    const { inputAt, inputBytes, ringAt } = xz.exports;
    this.#inPos = inputAt.value;
    this.#inEnd = inputAt.value;
    const missing = Math.max(ringAt.value, inputAt.value + inputBytes.value) - xz.memory.buffer.byteLength;
    if (missing > 0) xz.memory.grow(Math.ceil(missing / 65_536));
    this.#saved = this.#state(state?.phase ?? 'header');
  }

  get compressedBytes(): number {
    return this.#taken - (this.#inEnd - this.#inPos);
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  *push(input: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < input.length; at += pieceBytes) {
      const piece = input.subarray(at, at + pieceBytes);
      const memory = new Uint8Array(this.#xz.memory.buffer);
      const start = this.#xz.exports.inputAt.value;
      const kept = this.#inEnd - this.#inPos;
      memory.copyWithin(start, this.#inPos, this.#inEnd);
      copyBytes(piece, memory, start + kept);
      this.#inPos = start;
      this.#inEnd = start + kept + piece.length;
      this.#taken += piece.length;
      yield* this.#drain();
    }
  }

  /** Every chunk was handed out when it was complete. */
  *rest(): Generator<Uint8Array> {}

  finish(): void {
    if (this.#phase === 'padding' && this.#inPos === this.#inEnd) return;
    const place = { compressedOffset: this.#taken, outputBytes: this.#outputBytes };
    throw endedEarly('xz', `inside the ${inWords[this.#phase]}`, place);
  }

  /** The beginning of the block that the last slice is of; of the next one where the slice ends with its block. */
  snapshot(): XzState {
    return this.#saved;
  }

  *#drain(): Generator<Uint8Array> {
    for (;;) {
      const made = this.#step();
      if (made === false) return;
      if (made === true) continue;
      // A slice that ends with its block is handed out when the decoder stands behind the block, to be saved there.
      while (this.#block?.data.isInChunk !== true && this.#step() === true);
      yield made;
    }
  }

  /** Takes one part, if all of it is there: output, or whether there was one. */
  #step(): Uint8Array | boolean {
    switch (this.#phase) {
      case 'header':
        return this.#readHeader();
      case 'block':
        return this.#readBlockHeader();
      case 'data':
        return this.#readData();
      case 'check':
        return this.#readCheck();
      case 'index':
        return this.#readIndex();
      case 'footer':
        return this.#readFooter();
      case 'padding':
        return this.#readPadding();
    }
  }

  /** The next bytes without taking them; null when there are fewer. */
  #peek(bytes: number): Uint8Array | null {
    if (this.#inEnd - this.#inPos < bytes) return null;
    return new Uint8Array(this.#xz.memory.buffer, this.#inPos, bytes);
  }

  #readHeader(): boolean {
    const header = this.#peek(streamHeaderBytes);
    if (header === null) return false;
    const check = readStreamHeader(header);
    if (typeof check !== 'string') {
      const isFirst = this.#streams === 0 || 'unsupported' in check;
      throw this.#wrong(isFirst ? check : { fault: `data after the end of stream ${this.#streams}` });
    }
    this.#inPos += header.length;
    this.#check = check;
    this.#records = noRecords;
    this.#enter('block');
    return true;
  }

  #readBlockHeader(): boolean {
    const size = this.#peek(1)?.[0];
    if (size === undefined) return false;
    if (size === 0) {
      this.#index = new IndexCheck(this.#records);
      this.#phase = 'index';
      return true;
    }
    const bytes = this.#peek((size + 1) * 4);
    if (bytes === null) return false;
    const header = readBlockHeader(bytes);
    if (!('dictionaryBytes' in header)) throw this.#wrong(header);
    const data = Lzma2.open(this.#xz, header.dictionaryBytes);
    if (!(data instanceof Lzma2)) throw this.#wrong(data);
    const check = new BlockCheck(this.#check, this.#xz.exports);
    const start = this.compressedBytes;
    this.#block = { header, headerBytes: bytes.length, start, data, check, outputBytes: 0 };
    this.#inPos += bytes.length;
    this.#phase = 'data';
    return true;
  }

  #readData(): Uint8Array | boolean {
    const block = this.#openBlock();
    const { data } = block;
    if (data.isInChunk) {
      const slice = data.write();
      if (!(slice instanceof Uint8Array)) throw this.#wrong(slice);
      block.check.add(slice);
      block.outputBytes += slice.length;
      this.#outputBytes += slice.length;
      return slice;
    }
    const chunk = data.readHeader(this.#inPos, this.#inEnd);
    if (chunk === null) return false;
    if (!('end' in chunk)) throw this.#wrong(chunk);
    if (chunk.isLast) this.#phase = 'check';
    this.#inPos = chunk.end;
    return true;
  }

  #readCheck(): boolean {
    const block = this.#openBlock();
    const { header, start, headerBytes, outputBytes } = block;
    const compressedBytes = this.compressedBytes - start - headerBytes;
    const paddingBytes = (4 - (compressedBytes % 4)) % 4;
    const checkBytes = checks[this.#check].bytes;
    const end = this.#peek(paddingBytes + checkBytes);
    if (end === null) return false;
    if ((header.compressedBytes ?? compressedBytes) !== compressedBytes)
      throw this.#wrong({
        fault: `a block of ${compressedBytes} instead of ${header.compressedBytes} bytes`,
      });
    if ((header.outputBytes ?? outputBytes) !== outputBytes)
      throw this.#wrong({
        fault: `a block of ${outputBytes} bytes of output instead of ${header.outputBytes}`,
      });
    if (end.subarray(0, paddingBytes).some((byte) => byte !== 0))
      throw this.#wrong({ fault: 'padding that is not zero' });
    if (!block.check.digest().equals(Buffer.from(end.subarray(paddingBytes))))
      throw this.#wrong({ fault: `incorrect data check (${checkNames[this.#check]}) of a block` });
    this.#inPos += end.length;
    this.#records = addRecord(this.#records, headerBytes + compressedBytes + checkBytes, outputBytes);
    this.#block = null;
    this.#enter('block');
    return true;
  }

  #readIndex(): boolean {
    const bytes = new Uint8Array(this.#xz.memory.buffer, this.#inPos, this.#inEnd - this.#inPos);
    const read = this.#openIndex().read(bytes);
    if (!('used' in read)) throw this.#wrong(read);
    this.#inPos += read.used;
    if (read.isEnd) this.#phase = 'footer';
    return read.isEnd;
  }

  #readFooter(): boolean {
    const bytes = this.#peek(streamFooterBytes);
    if (bytes === null) return false;
    const footer = readStreamFooter(bytes, this.#check);
    if (!('indexBytes' in footer)) throw this.#wrong(footer);
    if (footer.indexBytes !== this.#openIndex().bytes)
      throw this.#wrong({ fault: 'a footer behind another index' });
    this.#inPos += bytes.length;
    this.#streams++;
    this.#enter('padding');
    return true;
  }

  /** Four zeros at a time (2.2). */
  #readPadding(): boolean {
    const next = this.#peek(4);
    if (next === null) return false;
    if (next.some((byte) => byte !== 0)) this.#phase = 'header';
    else this.#inPos += next.length;
    return true;
  }

  #openBlock(): Block {
    if (this.#block === null) throw new OdoError('BUG', 'The xz decoder is in no block.');
    return this.#block;
  }

  #openIndex(): IndexCheck {
    if (this.#index === null) throw new OdoError('BUG', 'The xz decoder is in no index.');
    return this.#index;
  }

  #enter(phase: XzState['phase']): void {
    this.#phase = phase;
    this.#saved = this.#state(phase);
  }

  #state(phase: XzState['phase']): XzState {
    return {
      codec: 'xz',
      compressedBytes: this.compressedBytes,
      outputBytes: this.#outputBytes,
      phase,
      streams: this.#streams,
      check: this.#check,
      records: this.#records,
    };
  }

  /** At the part that was not taken. ARCHIVE_CORRUPT, or FORMAT_UNKNOWN for what odo does not read. */
  #wrong(wrong: Fault): OdoError {
    const { compressedBytes: compressedOffset, outputBytes } = this;
    const place = { compressedOffset, outputBytes };
    if ('fault' in wrong) return damagedData('xz', wrong.fault, place);
    return new OdoError(
      'FORMAT_UNKNOWN',
      `The xz data has at byte ${compressedOffset} ${wrong.unsupported}, which odo does not read.`,
      { hint: 'Compress it anew with one of the presets of xz, -0 to -9.', details: place },
    );
  }
}

const checkNames: Readonly<Record<Check, string>> = {
  none: 'none',
  crc32: 'CRC-32',
  crc64: 'CRC-64',
  sha256: 'SHA-256',
};

const inWords: Readonly<Record<Phase, string>> = {
  header: 'header of a stream',
  block: 'header of a block',
  data: 'compressed data of a block',
  check: 'check of a block',
  index: 'index of a stream',
  footer: 'footer of a stream',
  padding: 'padding behind a stream',
};
