import { numbersFrom } from './gzip-samples.ts';

/** XXH32 with seed 0 (xxhash_spec.md), straight from its description. */
export function xxh32(data: Uint8Array): number {
  const [p1, p2, p3, p4, p5] = [2654435761, 2246822519, 3266489917, 668265263, 374761393];
  const rotate = (x: number, bits: number) => ((x << bits) | (x >>> (32 - bits))) >>> 0;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const lanes = [(p1 + p2) >>> 0, p2, 0, -p1 >>> 0];
  let at = 0;
  for (; at + 16 <= data.length; at += 16)
    for (let i = 0; i < 4; i++) {
      const sum = (lanes[i]! + Math.imul(view.getUint32(at + 4 * i, true), p2)) >>> 0;
      lanes[i] = Math.imul(rotate(sum, 13), p1) >>> 0;
    }
  let hash = p5;
  if (at > 0) hash = [1, 7, 12, 18].reduce((sum, bits, i) => (sum + rotate(lanes[i]!, bits)) >>> 0, 0);
  hash = (hash + data.length) >>> 0;
  for (; at + 4 <= data.length; at += 4)
    hash = Math.imul(rotate((hash + Math.imul(view.getUint32(at, true), p3)) >>> 0, 17), p4) >>> 0;
  for (; at < data.length; at++)
    hash = Math.imul(rotate((hash + Math.imul(data[at]!, p5)) >>> 0, 11), p1) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), p2) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 13), p3) >>> 0;
  return (hash ^ (hash >>> 16)) >>> 0;
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

const lengthBytes = (length: number): number[] => {
  const bytes: number[] = [];
  if (length < 15) return bytes;
  let left = length - 15;
  for (; left >= 255; left -= 255) bytes.push(255);
  return [...bytes, left];
};

/** One block of `data` from `start` to `end`; matches are with what `seen` says of four-byte words before. */
function lz4Block(data: Uint8Array, start: number, end: number, seen: Map<number, number>): Buffer {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const out: Uint8Array[] = [];
  const sequence = (from: number, to: number, match: { offset: number; length: number } | null) => {
    const literals = to - from;
    const rest = match === null ? 0 : match.length - 4;
    out.push(
      Buffer.from([(Math.min(15, literals) << 4) | Math.min(15, rest), ...lengthBytes(literals)]),
      data.subarray(from, to),
    );
    if (match) out.push(Buffer.from([match.offset & 255, match.offset >> 8, ...lengthBytes(rest)]));
  };
  let anchor = start;
  // The last match begins at least 12 bytes before the end, and the last 5 bytes are literals.
  for (let at = start; at + 12 <= end; ) {
    const key = view.getUint32(at, true);
    const from = seen.get(key);
    seen.set(key, at);
    if (from === undefined || at - from > 65_535) {
      at++;
      continue;
    }
    let length = 4;
    while (at + length < end - 5 && data[from + length] === data[at + length]) length++;
    sequence(anchor, at, { offset: at - from, length });
    at += length;
    anchor = at;
  }
  sequence(anchor, end, null);
  return Buffer.concat(out);
}

export interface FrameOptions {
  /** 4 to 7: 64 KiB to 4 MiB. */
  readonly sizeId?: number;
  readonly isLinked?: boolean;
  readonly blockChecksums?: boolean;
  readonly contentChecksum?: boolean;
  readonly contentSize?: boolean;
  /** How long blocks are: a writer that flushes makes them short. @default as long as the frame allows */
  readonly blockLength?: () => number;
}

export function lz4Frame(data: Uint8Array, options: FrameOptions = {}): Buffer {
  const { sizeId = 4, isLinked = true } = options;
  const { blockChecksums = false, contentChecksum = true, contentSize = false } = options;
  const most = 2 ** (8 + 2 * sizeId);
  const flags =
    0x40 |
    (isLinked ? 0 : 0x20) |
    (blockChecksums ? 0x10 : 0) |
    (contentSize ? 8 : 0) |
    (contentChecksum ? 4 : 0);
  const size = Buffer.alloc(contentSize ? 8 : 0);
  if (contentSize) size.writeBigUInt64LE(BigInt(data.length));
  const descriptor = Buffer.concat([Buffer.from([flags, sizeId << 4]), size]);
  const parts: Uint8Array[] = [word(0x184d2204), descriptor, Buffer.from([(xxh32(descriptor) >>> 8) & 255])];
  const history = new Map<number, number>();
  for (let at = 0; at < data.length; ) {
    const end = Math.min(data.length, at + Math.min(most, options.blockLength?.() ?? most));
    const packed = lz4Block(data, at, end, isLinked ? history : new Map());
    const isStored = packed.length >= end - at;
    const block = isStored ? data.subarray(at, end) : packed;
    parts.push(word(isStored ? block.length + 2 ** 31 : block.length), block);
    if (blockChecksums) parts.push(word(xxh32(block)));
    at = end;
  }
  parts.push(word(0));
  if (contentChecksum) parts.push(word(xxh32(data)));
  return Buffer.concat(parts);
}

/** One frame in one of the many ways there are. */
export function someLz4(seed: number, data: Uint8Array): Buffer {
  const below = numbersFrom(seed);
  const yes = () => below(2) === 0;
  const most = [500, 20_000, 70_000, 5_000_000][below(4)]!;
  return lz4Frame(data, {
    sizeId: 4 + below(4),
    isLinked: yes(),
    blockChecksums: yes(),
    contentChecksum: yes(),
    contentSize: yes(),
    blockLength: () => 1 + below(most),
  });
}

export const skippableFrame = (length: number): Buffer =>
  Buffer.concat([word(0x184d2a50 + (length & 15)), word(length), Buffer.alloc(length, 0xa5)]);
