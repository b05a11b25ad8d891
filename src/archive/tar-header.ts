import { type FileName, fileName } from '../postgres/file-name.ts';
import { untilNul } from './until-nul.ts';

export const blockBytes = 512;

/** One header block as it stands there, before pax records and long names are applied. */
export interface TarHeader {
  readonly name: FileName;
  readonly linkName: FileName;
  /** One character, `0` for the NUL of old archives. */
  readonly type: string;
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  /** @unit seconds since the epoch */
  readonly modifiedAt: number;
}

/**
 * POSIX.1-1988 ustar, GNU and V7 header blocks (pax(1), "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").
 * A text when the block is not a header.
 */
export function parseTarHeader(block: Uint8Array): TarHeader | string {
  if (!checksumIsRight(block)) return 'a header with a wrong checksum';
  const mode = tarNumber(block.subarray(100, 108));
  const sizeBytes = tarNumber(block.subarray(124, 136));
  const modifiedAt = tarNumber(block.subarray(136, 148));
  if (sizeBytes === null || sizeBytes < 0) return 'a header with an unreadable size';
  const type = block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0);
  return {
    name: headerName(block),
    linkName: fileName(untilNul(block.subarray(157, 257))),
    type,
    sizeBytes,
    mode: (mode ?? 0) & 0o7777,
    modifiedAt: modifiedAt ?? 0,
  };
}

/** `prefix` exists only behind the magic `ustar\0`; GNU's `ustar  ` has other fields there. */
function headerName(block: Uint8Array): FileName {
  const name = untilNul(block.subarray(0, 100));
  const isPosix = Buffer.from(block.subarray(257, 263)).toString('latin1') === 'ustar\0';
  const prefix = isPosix ? untilNul(block.subarray(345, 500)) : new Uint8Array();
  return fileName(prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]));
}

/** Sum of all bytes with the checksum field as spaces; some old tars summed signed bytes. */
function checksumIsRight(block: Uint8Array): boolean {
  const stored = tarNumber(block.subarray(148, 156));
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let i = 0; i < blockBytes; i++) {
    if (i >= 148 && i < 156) continue;
    const byte = block[i] ?? 0;
    unsigned += byte;
    if (byte >= 0x80) high++;
  }
  return stored === unsigned || stored === unsigned - high * 256;
}

/** Octal text, or base-256 when the first bit is set (GNU; PostgreSQL's tar.c writes it above 8 GiB). Null when neither. */
export function tarNumber(field: Uint8Array): number | null {
  const first = field[0] ?? 0;
  if (first >= 0x80) {
    const negative = (first & 0x40) !== 0;
    let value = negative ? (first & 0x7f) - 0x80 : first & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return Number.isSafeInteger(value) ? value : null;
  }
  const text = Buffer.from(untilNul(field)).toString('latin1').trim();
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : null;
}
