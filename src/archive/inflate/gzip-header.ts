import { crc32 } from 'node:zlib';

/** RFC 1952, 2.3.1. */
const flag = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/**
 * Name and comment have no length limit in RFC 1952. A header is kept whole until it is complete, so there is one
 * here, twice as large as the largest extra field.
 */
export const maxHeaderBytes = 128 * 1024;

/** Length of the gzip member header at the start of `bytes`; null when more bytes are needed; a text when invalid. */
export function gzipHeaderLength(bytes: Uint8Array): number | null | string {
  const [id1, id2, method, flags] = bytes;
  if ((id1 !== undefined && id1 !== 0x1f) || (id2 !== undefined && id2 !== 0x8b))
    return 'incorrect header check';
  if (method !== undefined && method !== 8) return `unknown compression method ${method}`;
  if (flags === undefined) return null;
  if ((flags & flag.reserved) !== 0) return 'unknown header flags set';
  const end = endOfFields(bytes, flags);
  if (end === null || end > bytes.length) {
    return bytes.length > maxHeaderBytes ? `header longer than ${maxHeaderBytes} bytes` : null;
  }
  if ((flags & flag.headerCrc) !== 0) {
    const expected = (bytes[end - 2] ?? 0) | ((bytes[end - 1] ?? 0) << 8);
    if ((crc32(bytes.subarray(0, end - 2)) & 0xffff) !== expected) return 'header crc mismatch';
  }
  return end;
}

function endOfFields(bytes: Uint8Array, flags: number): number | null {
  let at = 10;
  if ((flags & flag.extra) !== 0) {
    const [low, high] = bytes.subarray(at, at + 2);
    if (low === undefined || high === undefined) return null;
    at += 2 + (low | (high << 8));
  }
  for (const text of [flag.name, flag.comment]) {
    if ((flags & text) === 0) continue;
    const zero = bytes.indexOf(0, at);
    if (zero < at) return null;
    at = zero + 1;
  }
  return (flags & flag.headerCrc) === 0 ? at : at + 2;
}
