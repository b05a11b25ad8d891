import { OdoError } from '../errors/odo-error.ts';

/** BLCKSZ of every packaged PostgreSQL. @unit bytes */
export const blockBytes = 8192;

/** RELSEG_SIZE: blocks of a file of 1 GiB. */
const segmentBlocks = 131_072;

/** magic, number of blocks, truncation block length (basebackup_incremental.h; pg_combinebackup's reconstruct.c). */
const fixedBytes = 12;
const magic = 0xd3ae_1f0d;

const prefix = 'INCREMENTAL.';

/** The begin of an `INCREMENTAL.*` file: which blocks of the relation's file follow. */
export interface IncrementalHeader {
  /** Relative to this file of the relation, in the order in which they follow. */
  readonly blocks: Uint32Array;
  /** The file has at least so many; those below that do not follow are as in the backup before. */
  readonly truncationBlocks: number;
  /** Where the first block begins, behind the padding. */
  readonly paddedBytes: number;
}

/** The path of the file that an incremental file changes; null when it is none. */
export function incrementalTarget(path: string): string | null {
  const slash = path.lastIndexOf('/') + 1;
  if (!path.startsWith(prefix, slash)) return null;
  return path.slice(0, slash) + path.slice(slash + prefix.length);
}

const corrupt = (path: string, what: string) =>
  new OdoError('ARCHIVE_CORRUPT', `The incremental file ${path} ${what}.`, {
    hint: 'The backup is damaged, or was made by a PostgreSQL that odo does not know. Choose another backup.',
    details: { path },
  });

/**
 * How many bytes of the file tell where its blocks belong, without the padding.
 * @param head the first bytes of the file; null is returned while there are too few
 * @throws ARCHIVE_CORRUPT
 */
export function headerBytesOf(head: Uint8Array, path: string): number | null {
  if (head.byteLength < fixedBytes) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(0, true) !== magic) throw corrupt(path, 'does not begin with its magic number');
  const count = view.getUint32(4, true);
  if (count > segmentBlocks) throw corrupt(path, `says that it holds ${count} blocks`);
  return fixedBytes + 4 * count;
}

/**
 * @param head as many bytes as `headerBytesOf` says
 * @param sizeBytes of the whole incremental file
 * @throws ARCHIVE_CORRUPT
 */
export function parseIncrementalHeader(
  head: Uint8Array,
  { path, sizeBytes }: { readonly path: string; readonly sizeBytes: number },
): IncrementalHeader {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const count = view.getUint32(4, true);
  const blocks = Uint32Array.from({ length: count }, (_, index) =>
    view.getUint32(fixedBytes + 4 * index, true),
  );
  const wrong = blocks.find((block) => block >= segmentBlocks);
  if (wrong !== undefined) throw corrupt(path, `holds block ${wrong}, but a file has ${segmentBlocks}`);
  const paddedBytes = count === 0 ? fixedBytes : Math.ceil(head.byteLength / blockBytes) * blockBytes;
  const expected = paddedBytes + count * blockBytes;
  if (sizeBytes !== expected) {
    throw corrupt(
      path,
      `has ${sizeBytes} bytes, but ${count} blocks of ${blockBytes} bytes make ${expected}`,
    );
  }
  // 17.0 to 17.7 and 18.0 to 18.1 may write more than a file has, when later ones of the relation were cut off.
  const truncationBlocks = Math.min(view.getUint32(8, true), segmentBlocks);
  return { blocks, truncationBlocks, paddedBytes };
}

/** Length of the file that results, in blocks (reconstruct.c, `find_reconstructed_block_length`). */
export function reconstructedBlocks({ blocks, truncationBlocks }: IncrementalHeader): number {
  return blocks.reduce((length, block) => Math.max(length, block + 1), truncationBlocks);
}
