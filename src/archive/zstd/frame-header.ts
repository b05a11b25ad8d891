/** What a frame says of itself (RFC 8878, 3.1.1.1). */
export interface FrameHeader {
  /** Of the header, the magic included. @unit bytes */
  readonly lengthBytes: number;
  /** Memory that decoding it needs. @unit bytes */
  readonly windowBytes: number;
  readonly hasChecksum: boolean;
}

export const frameMagic = 0xfd2fb528;

/** Magics 0x184D2A50 to 0x184D2A5F: four bytes of length follow, and as many bytes to pass over (3.1.2). */
export const isSkippableMagic = (magic: number): boolean => magic >>> 4 === 0x184d2a5;

/** Magic, descriptor, window, dictionary, size. @unit bytes */
export const longestHeaderBytes = 18;

/** `bytes` begin with the magic. Null when more of them are needed, a text when they make no sense. */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader | null | string {
  const descriptor = bytes[4];
  if (descriptor === undefined) return null;
  if ((descriptor & 0x08) !== 0) return 'reserved bit set in a frame header';
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0;
  const windowAt = 5;
  const dictionaryAt = windowAt + (isSingleSegment ? 0 : 1);
  const sizeAt = dictionaryAt + dictionaryBytes;
  const lengthBytes = sizeAt + sizeBytes;
  if (bytes.length < lengthBytes) return null;
  if (bytes.subarray(dictionaryAt, sizeAt).some((byte) => byte !== 0))
    return 'a frame that needs a dictionary';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    lengthBytes,
    windowBytes: isSingleSegment ? contentBytes(view, sizeAt, sizeBytes) : windowBytes(bytes[windowAt] ?? 0),
    hasChecksum: (descriptor & 0x04) !== 0,
  };
}

function contentBytes(view: DataView, at: number, length: number): number {
  if (length === 1) return view.getUint8(at);
  if (length === 2) return view.getUint16(at, true) + 256;
  return length === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}
