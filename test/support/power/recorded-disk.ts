import { numbersFrom } from '../../unit/archive/gzip-samples.ts';

/** What a client of the NBD server reads and writes. Offsets and lengths are bytes of any alignment. */
export interface BlockDevice {
  readonly sizeBytes: number;
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  /** All writes that were answered before are durable when it returns. */
  flush(): void;
}

/** One for all disks of a machine: they lose power together. @unit writes and flushes */
export interface Clock {
  position: number;
}

/** What becomes of writes that no flush followed. `writes`: of each by chance all or nothing; else of each such part of it. */
export type Loss = 'everything' | 'nothing' | 'writes' | 'pages' | 'sectors';

export interface Cut {
  /** The clock when the power went. */
  readonly at: number;
  readonly loss: Loss;
  readonly seed: number;
}

const blockBytes = 4096;

/** The least that a disk writes as a whole. */
const tornBytes = { pages: blockBytes, sectors: 512 } as const;

interface Write {
  readonly at: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A disk that remembers what it held after each write, and which of them a flush had followed at any time. */
export class RecordedDisk implements BlockDevice {
  readonly sizeBytes: number;
  readonly #clock: Clock;
  readonly #writes: Write[] = [];
  readonly #flushes: number[] = [];
  /** Contents of a block, ascending by time. */
  readonly #blocks = new Map<number, { readonly at: number; readonly bytes: Uint8Array }[]>();

  constructor(sizeBytes: number, clock: Clock) {
    this.sizeBytes = sizeBytes;
    this.#clock = clock;
  }

  get flushes(): readonly number[] {
    return this.#flushes;
  }

  read(offset: number, length: number): Uint8Array {
    return gather(offset, length, (block) => this.#blocks.get(block)?.at(-1)?.bytes);
  }

  write(offset: number, bytes: Uint8Array): void {
    const at = ++this.#clock.position;
    this.#writes.push({ at, offset, bytes });
    scatter(offset, bytes, (block, content, from) => {
      const before = this.#blocks.get(block) ?? [];
      before.push({ at, bytes: patched(before.at(-1)?.bytes, content, from) });
      this.#blocks.set(block, before);
    });
  }

  flush(): void {
    this.#flushes.push(++this.#clock.position);
  }

  /** The disk as it is when the power comes back. What is written to it then stays with it. */
  after({ at, loss, seed }: Cut): BlockDevice {
    const flushed = this.#flushes.findLast((flush) => flush <= at) ?? 0;
    const disk = new CopyOnWrite(this.sizeBytes, (block) => this.#blockAt(block, flushed));
    const below = numbersFrom(seed);
    for (const write of this.#writes) {
      if (write.at <= flushed || write.at > at || loss === 'everything') continue;
      const part = loss === 'pages' || loss === 'sectors' ? tornBytes[loss] : write.bytes.length;
      for (let from = 0; from < write.bytes.length; from += part) {
        if (loss !== 'nothing' && below(2) === 0) continue;
        disk.write(write.offset + from, write.bytes.subarray(from, from + part));
      }
    }
    return disk;
  }

  #blockAt(block: number, at: number): Uint8Array | undefined {
    return this.#blocks.get(block)?.findLast((version) => version.at <= at)?.bytes;
  }
}

class CopyOnWrite implements BlockDevice {
  readonly sizeBytes: number;
  readonly #below: (block: number) => Uint8Array | undefined;
  readonly #written = new Map<number, Uint8Array>();

  constructor(sizeBytes: number, below: (block: number) => Uint8Array | undefined) {
    this.sizeBytes = sizeBytes;
    this.#below = below;
  }

  read(offset: number, length: number): Uint8Array {
    return gather(offset, length, (block) => this.#written.get(block) ?? this.#below(block));
  }

  write(offset: number, bytes: Uint8Array): void {
    scatter(offset, bytes, (block, content, from) => {
      this.#written.set(block, patched(this.#written.get(block) ?? this.#below(block), content, from));
    });
  }

  flush(): void {}
}

/** A block with `content` at `from` of it; `before` undefined is zeros, and is left as it is. */
function patched(before: Uint8Array | undefined, content: Uint8Array, from: number): Uint8Array {
  if (content.length === blockBytes) return content;
  const block = new Uint8Array(blockBytes);
  if (before !== undefined) block.set(before);
  block.set(content, from);
  return block;
}

function gather(
  offset: number,
  length: number,
  content: (block: number) => Uint8Array | undefined,
): Uint8Array {
  const bytes = new Uint8Array(length);
  scatter(offset, bytes, (block, part, from) => {
    const found = content(block);
    if (found !== undefined) part.set(found.subarray(from, from + part.length));
  });
  return bytes;
}

function scatter(
  offset: number,
  bytes: Uint8Array,
  use: (block: number, part: Uint8Array, from: number) => void,
): void {
  for (let done = 0; done < bytes.length; ) {
    const block = Math.floor((offset + done) / blockBytes);
    const from = (offset + done) % blockBytes;
    const part = bytes.subarray(done, done + blockBytes - from);
    use(block, part, from);
    done += part.length;
  }
}
