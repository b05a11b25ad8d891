/** A name from an archive; names are bytes there and text here. */
export interface EntryName {
  readonly text: string;
  /** False when the bytes were no UTF-8: each byte above 0x7f then reads `\xHH`, which keeps names distinct. */
  readonly exact: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function entryName(bytes: Uint8Array): EntryName {
  try {
    return { text: utf8.decode(bytes), exact: true };
  } catch {
    const text = Array.from(bytes, (byte) =>
      byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase()}`,
    );
    return { text: text.join(''), exact: false };
  }
}

/** Up to the first NUL. */
export function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
