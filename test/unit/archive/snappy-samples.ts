import { numbersFrom } from './gzip-samples.ts';

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function maskedCrc32c(data: Uint8Array): Buffer {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]!;
  crc = ~crc >>> 0;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return bytes;
}

function literal(data: Uint8Array): Buffer {
  const length = data.length - 1;
  const bytes = length < 60 ? 0 : length < 256 ? 1 : length < 65_536 ? 2 : 3;
  const head = Buffer.alloc(1 + bytes);
  head[0] = (bytes === 0 ? length : 59 + bytes) << 2;
  if (bytes > 0) head.writeUIntLE(length, 1, bytes);
  return Buffer.concat([head, data]);
}

/** All three kinds of copies, of at most 64 bytes. */
function* copies(offset: number, length: number, below: (limit: number) => number): Generator<Buffer> {
  for (let left = length; left > 0; ) {
    const now = Math.min(left, 64);
    if (now >= 4 && now < 12 && offset < 2048)
      yield Buffer.from([1 | ((now - 4) << 2) | ((offset >> 8) << 5), offset & 255]);
    else if (below(8) === 0) yield Buffer.from([3 | ((now - 1) << 2), offset & 255, offset >> 8, 0, 0]);
    else yield Buffer.from([2 | ((now - 1) << 2), offset & 255, offset >> 8]);
    left -= now;
  }
}

/** Raw snappy of at most 64 KiB. */
function rawSnappy(data: Buffer, below: (limit: number) => number): Buffer {
  const parts: Buffer[] = [];
  for (let left = data.length; ; left >>>= 7) {
    parts.push(Buffer.from([left < 128 ? left : (left & 127) | 128]));
    if (left < 128) break;
  }
  const seen = new Map<number, number>();
  let anchor = 0;
  for (let at = 0; at + 4 <= data.length; ) {
    const key = data.readUInt32LE(at);
    const from = seen.get(key);
    seen.set(key, at);
    if (from === undefined) {
      at++;
      continue;
    }
    let length = 4;
    while (at + length < data.length && data[from + length] === data[at + length]) length++;
    if (at > anchor) parts.push(literal(data.subarray(anchor, at)));
    parts.push(...copies(at - from, length, below));
    at += length;
    anchor = at;
  }
  if (anchor < data.length) parts.push(literal(data.subarray(anchor)));
  return Buffer.concat(parts);
}

export function snappyChunk(type: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head[0] = type;
  head.writeUIntLE(body.length, 1, 3);
  return Buffer.concat([head, body]);
}

export const streamIdentifier = snappyChunk(0xff, Buffer.from('sNaPpY'));

/** A stream with chunks of the given lengths; `below` also chooses what is stored, and puts in padding. */
export function snappyStream(data: Uint8Array, seed = 0, chunkLength = () => 65_536): Buffer {
  const below = seed === 0 ? () => 1 : numbersFrom(seed);
  const parts = [streamIdentifier];
  for (let at = 0; at < data.length; ) {
    const piece = Buffer.from(data.subarray(at, at + Math.min(65_536, chunkLength())));
    const packed = rawSnappy(piece, below);
    const isStored = packed.length >= piece.length || below(9) === 0;
    parts.push(
      snappyChunk(isStored ? 1 : 0, Buffer.concat([maskedCrc32c(piece), isStored ? piece : packed])),
    );
    if (below(6) === 0) parts.push(snappyChunk(0xfe, Buffer.alloc(below(300))));
    at += piece.length;
  }
  return Buffer.concat(parts);
}

export function someSnappy(seed: number, data: Uint8Array): Buffer {
  const below = numbersFrom(seed + 1);
  const most = [300, 5000, 65_536, 1_000_000][below(4)]!;
  return snappyStream(data, seed + 1, () => 1 + below(most));
}
