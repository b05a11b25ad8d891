import type { Codec } from './base-backup.ts';

/** First bytes that `sniffCodec` wants to see: enough for the magic of a tar. @unit bytes */
export const sniffBytes = 512;

const lz4 = [0x04, 0x22, 0x4d, 0x18];

const magics: readonly (readonly [Codec, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', lz4],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['snappy', [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]],
];

const startsWith = (bytes: Uint8Array, magic: readonly number[], at = 0): boolean =>
  bytes.length >= at + magic.length && magic.every((byte, index) => bytes[at + index] === byte);

const bzip2 = [0x42, 0x5a, 0x68];
const ustar = [0x75, 0x73, 0x74, 0x61, 0x72];

/**
 * How a tar or WAL object is compressed, by its first bytes: extensions lie (re-uploaded files, tools that ignored
 * their own setting). `none` is a tar, or a WAL segment, which begins with a page magic `D0xx` or `D1xx`.
 */
export function sniffCodec(bytes: Uint8Array): Codec {
  for (const [codec, magic] of magics) if (startsWith(bytes, magic)) return codec;
  const level = bytes[3] ?? 0;
  if (startsWith(bytes, bzip2) && level >= 0x31 && level <= 0x39) return 'bzip2';
  if (isSkippable(bytes)) return codecBehindSkippable(bytes);
  if (startsWith(bytes, ustar, 257)) return 'none';
  // An empty tar is nothing but zero blocks.
  if (bytes.length >= 512 && bytes.every((byte) => byte === 0)) return 'none';
  if (bytes.length >= 4 && (bytes[1] === 0xd0 || bytes[1] === 0xd1) && ((bytes[2] ?? 0) & 0x02) !== 0)
    return 'none';
  return 'unknown';
}

/** A frame to be passed over, which zstd (RFC 8878, 3.1.2) and lz4 both know, may stand before the first real one. */
const isSkippable = (bytes: Uint8Array): boolean =>
  ((bytes[0] ?? 0) & 0xf0) === 0x50 && startsWith(bytes, [0x2a, 0x4d, 0x18], 1);

/** zstd when what follows is out of sight: its parallel writers put such frames first, lz4's do not. */
function codecBehindSkippable(bytes: Uint8Array): 'zstd' | 'lz4' {
  let rest = bytes;
  while (isSkippable(rest) && rest.length >= 8) {
    const lengthBytes = new DataView(rest.buffer, rest.byteOffset).getUint32(4, true);
    rest = rest.subarray(8 + lengthBytes);
  }
  return startsWith(rest, lz4) ? 'lz4' : 'zstd';
}

/** By content; what has no magic and a name that ends in `.br` is brotli. */
export function codecOf(bytes: Uint8Array, key: string): Codec {
  const codec = sniffCodec(bytes);
  return codec === 'unknown' && key.endsWith('.br') ? 'brotli' : codec;
}

/** The beginning of an object that is nothing known, for a message: often an error page that a gateway stored. */
export function showFirstBytes(bytes: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 60)).replace(/[^\x20-\x7e]/g, '.');
  return bytes.length === 0 ? 'nothing, it is empty' : JSON.stringify(text);
}
