/** The parts of an xz stream (The .xz File Format 1.2.1), as far as they need no decoding. */
import { crc32 } from 'node:zlib';

export const streamHeaderBytes = 12;
export const streamFooterBytes = 12;

const headerMagic = 'fd377a585a00';
const footerMagic = '595a';

export const checks = {
  none: { id: 0, bytes: 0 },
  crc32: { id: 1, bytes: 4 },
  crc64: { id: 4, bytes: 8 },
  sha256: { id: 10, bytes: 32 },
} as const;

export type Check = keyof typeof checks;

/** What is wrong; `unsupported`: the data may be as it was written, but odo does not read such. */
export type Fault = { readonly fault: string } | { readonly unsupported: string };

const uint32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Stream flags: a zero byte and the check (2.1.1.2). */
function readFlags(flags: Uint8Array): Check | Fault {
  const [reserved, id] = flags;
  if (reserved !== 0 || id === undefined || id > 15)
    return { unsupported: 'stream flags of a later version of xz' };
  for (const check of ['none', 'crc32', 'crc64', 'sha256'] as const)
    if (checks[check].id === id) return check;
  return { unsupported: `check number ${id}` };
}

/** Of the 12 bytes of a stream header: the check of its blocks. */
export function readStreamHeader(header: Uint8Array): Check | Fault {
  if (hex(header.subarray(0, 6)) !== headerMagic) return { fault: 'not an xz header' };
  const flags = header.subarray(6, 8);
  if (crc32(flags) !== uint32(header, 8))
    return { fault: 'incorrect data check (CRC-32) of a stream header' };
  return readFlags(flags);
}

/** Of the 12 bytes of a stream footer: the size of the index. */
export function readStreamFooter(footer: Uint8Array, check: Check): { indexBytes: number } | Fault {
  if (hex(footer.subarray(10, 12)) !== footerMagic) return { fault: 'not an xz footer' };
  if (crc32(footer.subarray(4, 10)) !== uint32(footer, 0))
    return { fault: 'incorrect data check (CRC-32) of a stream footer' };
  if (readFlags(footer.subarray(8, 10)) !== check) return { fault: 'a footer of another stream' };
  return { indexBytes: (uint32(footer, 4) + 1) * 4 };
}

/**
 * A number of 7 bits a byte, the lowest first (1.2). Null: it goes on behind the end. A number has at most 9 bytes, ends
 * in no zero, and odo takes none above 2^53.
 */
export function readNumber(bytes: Uint8Array, at: number): { value: number; end: number } | Fault | null {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte >= 0x80) continue;
    if ((byte === 0 && i > 0) || !Number.isSafeInteger(value)) break;
    return { value, end: at + i + 1 };
  }
  return { fault: 'invalid number' };
}

export function writeNumber(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Uint8Array.of(...bytes, rest);
}

/** Filters that are not LZMA2 (5.3): xz puts them in front of it on request. */
const filterNames: Readonly<Record<number, string>> = {
  3: 'delta',
  4: 'BCJ x86',
  5: 'BCJ PowerPC',
  6: 'BCJ IA-64',
  7: 'BCJ ARM',
  8: 'BCJ ARM-Thumb',
  9: 'BCJ SPARC',
  10: 'BCJ ARM64',
  11: 'BCJ RISC-V',
};
const lzma2 = 0x21;

export interface BlockHeader {
  /** Null where the header leaves it open. @unit bytes */
  readonly compressedBytes: number | null;
  readonly outputBytes: number | null;
  readonly dictionaryBytes: number;
}

/** Of a block header with its size byte and CRC-32 (3.1). */
export function readBlockHeader(header: Uint8Array): BlockHeader | Fault {
  const end = header.length - 4;
  if (crc32(header.subarray(0, end)) !== uint32(header, end))
    return { fault: 'incorrect data check (CRC-32) of a block header' };
  const flags = header[1] ?? 0;
  if ((flags & 0x3c) !== 0) return { unsupported: 'block flags of a later version of xz' };
  const body = header.subarray(0, end);
  let at = 2;
  const sizes: (number | null)[] = [];
  for (const isThere of [(flags & 0x40) !== 0, (flags & 0x80) !== 0]) {
    const size = isThere ? readNumber(body, at) : { value: null, end: at };
    if (size === null || !('value' in size)) return { fault: 'invalid size in a block header' };
    sizes.push(size.value);
    at = size.end;
  }
  const id = readNumber(body, at);
  if (id === null || !('value' in id)) return { fault: 'invalid filter in a block header' };
  if ((flags & 3) !== 0 || id.value !== lzma2)
    return { unsupported: `the filter ${filterNames[id.value] ?? `number ${id.value}`}` };
  const bits = body[id.end + 1];
  if (body[id.end] !== 1 || bits === undefined || bits > 40) return { fault: 'invalid properties of LZMA2' };
  if (body.subarray(id.end + 2).some((byte) => byte !== 0)) return { unsupported: 'a longer block header' };
  return {
    compressedBytes: sizes[0] ?? null,
    outputBytes: sizes[1] ?? null,
    dictionaryBytes: bits === 40 ? 2 ** 32 - 1 : (2 + (bits % 2)) * 2 ** (Math.floor(bits / 2) + 11),
  };
}
