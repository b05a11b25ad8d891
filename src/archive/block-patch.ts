import { OdoError } from '../errors/odo-error.ts';
import {
  blockBytes,
  headerBytesOf,
  type IncrementalHeader,
  parseIncrementalHeader,
  reconstructedBlocks,
} from '../postgres/incremental-file.ts';
import type { TreeWriter } from '../target/tree.ts';
import type { EntryPlacement } from './entry-placement.ts';
import type { PageChecksums } from './hash/page-checksums.ts';
import type { TarEntry } from './tar-reader.ts';

/** Where a patch goes on, and what looks at its blocks. */
export interface PatchStart {
  /** Bytes of the entry that were handled before a checkpoint. */
  readonly offset: number;
  /** What the checkpoint kept of them. */
  readonly saved: string;
  /** Null: their checksums are not checked. */
  readonly pages: PageChecksums | null;
}

type PatchPlacement = Extract<EntryPlacement, { kind: 'patch' }>;

/**
 * Puts the blocks of an incremental file into the file that an older backup left. Blocks that it does not hold stay.
 *
 * The result is that of pg_combinebackup, which reads from the newest backup backwards: only the newest incremental
 * file says how long the file becomes, and what lies behind its truncation length comes from it alone. So older ones
 * must not cut anything off.
 */
export class BlockPatch {
  readonly #writer: TreeWriter;
  readonly #placement: PatchPlacement;
  readonly #entry: TarEntry;
  #head: Buffer = Buffer.alloc(0);
  #header: IncrementalHeader | null = null;
  /** Bytes of the entry that were handled. */
  #offset = 0;
  readonly #pages: PageChecksums | null;

  private constructor(
    writer: TreeWriter,
    placement: PatchPlacement,
    entry: TarEntry,
    pages: PageChecksums | null,
  ) {
    this.#writer = writer;
    this.#placement = placement;
    this.#entry = entry;
    this.#pages = pages;
  }

  static async open(
    writer: TreeWriter,
    placement: PatchPlacement,
    entry: TarEntry,
    { offset, saved, pages }: PatchStart,
  ): Promise<BlockPatch> {
    const patch = new BlockPatch(writer, placement, entry, pages);
    patch.#head = Buffer.from(saved, 'base64');
    patch.#offset = offset;
    if (patch.#isHeadWhole()) await patch.#begin({ isContinued: true });
    return patch;
  }

  /** The begin of the entry as far as it is needed to go on, base64; 700 KB for a file of which every block changed. */
  get saved(): string {
    return this.#head.toString('base64');
  }

  /** `bytes` may be used again once the promise is settled. */
  async data(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.byteLength; ) {
      const rest = bytes.subarray(from);
      const taken = this.#header === null ? await this.#gather(rest) : await this.#blocks(this.#header, rest);
      this.#offset += taken;
      from += taken;
    }
  }

  async endFile(): Promise<void> {
    if (this.#header === null) {
      throw new OdoError('ARCHIVE_CORRUPT', `The incremental file ${this.#entry.path} ends in its header.`, {
        hint: 'The backup is damaged. Choose another backup.',
        details: { path: this.#entry.path },
      });
    }
    await this.#writer.endFile();
  }

  #isHeadWhole(): boolean {
    return headerBytesOf(this.#head, this.#entry.path) === this.#head.byteLength;
  }

  async #gather(rest: Uint8Array): Promise<number> {
    const wanted = headerBytesOf(this.#head, this.#entry.path) ?? 12;
    const part = rest.subarray(0, wanted - this.#head.byteLength);
    this.#head = Buffer.concat([this.#head, part]);
    if (this.#isHeadWhole()) await this.#begin({ isContinued: false });
    return part.byteLength;
  }

  async #begin({ isContinued }: { isContinued: boolean }): Promise<void> {
    const header = parseIncrementalHeader(this.#head, this.#entry);
    this.#header = header;
    const { path, keepBytes, isLast } = this.#placement;
    if (isContinued) {
      // It was cut before, and may have got blocks since.
      await this.#writer.beginPatch({ path, keepBytes: null, sizeBytes: null });
    } else if (isLast) {
      const truncation = header.truncationBlocks * blockBytes;
      await this.#writer.beginPatch({
        path,
        keepBytes: Math.min(truncation, keepBytes ?? truncation),
        sizeBytes: reconstructedBlocks(header) * blockBytes,
      });
    } else {
      await this.#writer.beginPatch({ path, keepBytes, sizeBytes: null });
    }
  }

  /** Writes as many bytes as belong to one place of the file, or passes over the padding. */
  async #blocks({ blocks, paddedBytes }: IncrementalHeader, rest: Uint8Array): Promise<number> {
    const at = this.#offset - paddedBytes;
    if (at < 0) return Math.min(-at, rest.byteLength);
    const index = Math.floor(at / blockBytes);
    const block = blocks[index] ?? 0;
    let end = index + 1;
    while (blocks[end] === block + end - index && end * blockBytes - at < rest.byteLength) end++;
    const bytes = rest.subarray(0, end * blockBytes - at);
    const written = this.#writer.patch(bytes, block * blockBytes + (at % blockBytes));
    // While the write is on its way; a failed write is reported below.
    written.catch(() => {});
    if (at % blockBytes === 0) this.#pages?.moveTo(this.#pages.firstBlock + block);
    this.#pages?.update(bytes);
    await written;
    return bytes.byteLength;
  }
}
