/** The name of a file; names are bytes on the server and text here. */
export interface FileName {
  readonly text: string;
  /** False when the bytes were no UTF-8: each byte above 0x7f then reads `\xHH`, which keeps names distinct. */
  readonly exact: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One text for the same bytes, whether they stand in an archive or in hex in a backup manifest. */
export function fileName(bytes: Uint8Array): FileName {
  try {
    return { text: utf8.decode(bytes), exact: true };
  } catch {
    const text = Array.from(bytes, (byte) =>
      byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase()}`,
    );
    return { text: text.join(''), exact: false };
  }
}
