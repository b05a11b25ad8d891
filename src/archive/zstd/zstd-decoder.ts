import { totalmem } from 'node:os';
import { OdoError } from '../../errors/odo-error.ts';
import { damagedData, endedEarly } from '../damage.ts';
import type { Decoder } from '../decoder.ts';
import { BlockScanner } from './block-scanner.ts';
import { frameMagic, isSkippableMagic, longestHeaderBytes, parseFrameHeader } from './frame-header.ts';
import { FrameStream, largestWindowLog } from './frame-stream.ts';

export interface ZstdState {
  readonly codec: 'zstd';
  readonly compressedBytes: number;
  readonly outputBytes: number;
  /** Frames completed before, those to be passed over included. */
  readonly frames: number;
}

interface Frame {
  readonly scanner: BlockScanner;
  readonly stream: FrameStream;
}

const pieceBytes = 256 * 1024;
const largestWindowBytes = 2 ** largestWindowLog;

/**
 * zstd (RFC 8878), several frames. node:zlib decodes and cannot be saved inside a frame, so a state is the begin of
 * one: whoever goes on from it gets the frame's output anew from there.
 */
export class ZstdDecoder implements Decoder<ZstdState> {
  /** What there is of the next frame's header. */
  #head: Uint8Array = new Uint8Array();
  #frame: Frame | null = null;
  /** Left of a frame that is passed over. @unit bytes */
  #skipBytes = 0;
  #start: ZstdState;
  #taken: number;
  #outputBytes: number;

  constructor(state?: ZstdState) {
    this.#start = state ?? { codec: 'zstd', compressedBytes: 0, outputBytes: 0, frames: 0 };
    this.#taken = this.#start.compressedBytes;
    this.#outputBytes = this.#start.outputBytes;
  }

  get compressedBytes(): number {
    return this.#taken;
  }

  get outputBytes(): number {
    return this.#outputBytes;
  }

  async *push(input: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < input.length; ) {
      const piece = input.subarray(at, at + pieceBytes);
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, piece.length);
        at += skipped;
        this.#taken += skipped;
        this.#skipBytes -= skipped;
        if (this.#skipBytes === 0) this.#endFrame();
      } else if (this.#frame === null) {
        at += yield* this.#begin(piece);
      } else {
        at += yield* this.#decode(this.#frame, piece);
      }
    }
  }

  rest(): Uint8Array[] {
    return [];
  }

  finish(): void {
    const { frames, compressedBytes } = this.#start;
    if (frames > 0 && compressedBytes === this.#taken) return;
    throw endedEarly('zstd', 'inside a frame', this.#place);
  }

  snapshot(): ZstdState {
    return this.#start;
  }

  release(): void {
    this.#frame?.stream.destroy();
    this.#frame = null;
  }

  /** Takes what the header of the next frame lacks; returns how much that was. */
  async *#begin(piece: Uint8Array): AsyncGenerator<Uint8Array, number> {
    const added = piece.subarray(0, longestHeaderBytes - this.#head.length);
    const head = Buffer.concat([this.#head, added]);
    const taken = this.#head.length;
    const keep = (): number => {
      this.#head = head;
      this.#taken += added.length;
      return added.length;
    };
    if (head.length < 4) return keep();
    const magic = head.readUInt32LE(0);
    if (isSkippableMagic(magic)) {
      if (head.length < 8) return keep();
      this.#skipBytes = head.readUInt32LE(4);
      this.#head = new Uint8Array();
      this.#taken += 8 - taken;
      if (this.#skipBytes === 0) this.#endFrame();
      return 8 - taken;
    }
    if (magic !== frameMagic) {
      const what = this.#start.frames === 0 ? 'no zstd frame begins here' : 'data behind the last frame';
      throw damagedData('zstd', what, { ...this.#place, compressedOffset: this.#start.compressedBytes });
    }
    const header = parseFrameHeader(head);
    if (header === null) return keep();
    if (typeof header === 'string') throw damagedData('zstd', header, this.#place);
    if (header.windowBytes > largestWindowBytes)
      throw damagedData('zstd', 'a window larger than any writer makes', this.#place);
    requireMemory(header.windowBytes);
    const stream = new FrameStream();
    this.#frame = { scanner: new BlockScanner(header.hasChecksum), stream };
    this.#head = new Uint8Array();
    this.#taken += header.lengthBytes - taken;
    yield* this.#counted(stream.feed(head.subarray(0, header.lengthBytes)));
    return header.lengthBytes - taken;
  }

  async *#decode({ scanner, stream }: Frame, piece: Uint8Array): AsyncGenerator<Uint8Array, number> {
    const { length, ends, fault } = scanner.scan(piece);
    if (fault !== null) throw damagedData('zstd', fault, this.#place);
    yield* this.#counted(stream.feed(piece.subarray(0, length)));
    if (ends) yield* this.#counted(stream.end());
    this.#taken += length;
    if (ends) {
      stream.destroy();
      this.#frame = null;
      this.#endFrame();
    }
    return length;
  }

  async *#counted(slices: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const slice of slices) {
        this.#outputBytes += slice.length;
        yield slice;
      }
    } catch (cause) {
      throw damagedData('zstd', cause instanceof Error ? cause.message : String(cause), this.#place);
    }
  }

  #endFrame(): void {
    this.#start = {
      codec: 'zstd',
      compressedBytes: this.#taken,
      outputBytes: this.#outputBytes,
      frames: this.#start.frames + 1,
    };
  }

  get #place(): { compressedOffset: number; outputBytes: number } {
    return { compressedOffset: this.#taken, outputBytes: this.#outputBytes };
  }
}

/** zstd keeps as much of the output as the writer wanted to refer to (`--long`). */
function requireMemory(windowBytes: number): void {
  // 0 or an enormous number: Node sees no limit.
  const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || totalmem());
  if (windowBytes <= Math.max(memoryBytes / 2, 8 * 1024 * 1024)) return;
  const inMiB = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MiB`;
  throw new OdoError(
    'PRECONDITION_FAILED',
    `The zstd data needs a window of ${inMiB(windowBytes)}, more than half of this host's ${inMiB(memoryBytes)}.`,
    {
      hint: 'Restore on a host or in a control group with more memory.',
      details: { windowBytes, memoryBytes },
    },
  );
}
