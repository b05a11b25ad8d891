/** What a frame says of itself (lz4_Frame_format.md, Frame Descriptor). */
export interface FrameHeader {
  /** Of the largest block, decoded. @unit bytes */
  readonly blockBytes: number;
  /** Matches may refer to the 64 KiB of output before their block. */
  readonly isLinked: boolean;
  readonly hasBlockChecksums: boolean;
  readonly hasContentChecksum: boolean;
  /** Of the whole frame, decoded; null when it is not recorded. @unit bytes */
  readonly contentBytes: number | null;
}

export const frameMagic = 0x184d2204;

/** Magics 0x184D2A50 to 0x184D2A5F: four bytes of length follow, and as many bytes to pass over. */
export const isSkippableMagic = (magic: number): boolean => magic >>> 4 === 0x184d2a5;

/** Magic, flags and block size without anything optional, and the checksum of the header. @unit bytes */
export const shortestHeaderBytes = 7;

const flag = {
  independent: 0x20,
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  reserved: 0x02,
  dictionary: 0x01,
} as const;

/** Of a header that begins with these `shortestHeaderBytes` bytes. */
export function frameHeaderLength(bytes: Uint8Array): number {
  const flags = bytes[4] ?? 0;
  return shortestHeaderBytes + (flags & flag.contentSize ? 8 : 0) + (flags & flag.dictionary ? 4 : 0);
}

/** `bytes`: all of the header, whose checksum has been compared. A text when it is invalid. */
export function parseFrameHeader(bytes: Uint8Array): FrameHeader | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint8(4);
  const blockFlags = view.getUint8(5);
  if (flags >>> 6 !== 1) return `version ${flags >>> 6} of the frame format`;
  const sizeId = (blockFlags >>> 4) & 7;
  if (flags & flag.reserved || blockFlags & 0x8f || sizeId < 4) return 'reserved bits set in a frame header';
  if (flags & flag.dictionary) return 'a frame that needs a dictionary';
  const contentBytes = flags & flag.contentSize ? Number(view.getBigUint64(6, true)) : null;
  return {
    blockBytes: 2 ** (8 + 2 * sizeId),
    isLinked: !(flags & flag.independent),
    hasBlockChecksums: Boolean(flags & flag.blockChecksum),
    hasContentChecksum: Boolean(flags & flag.contentChecksum),
    contentBytes,
  };
}
