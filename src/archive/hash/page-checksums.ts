import { OdoError } from '../../errors/odo-error.ts';
import { copyBytes } from '../../target/copy-bytes.ts';
import { type HashModule, openHashModule } from './hash-module.ts';

export interface PageChecksumsOptions {
  /** Of the file's first page, see `firstBlockOf`. */
  readonly firstBlock: number;
  /** A power of two from 1 KiB to 32 KiB. @unit bytes @default 8192 */
  readonly pageBytes?: number | undefined;
  /**
   * The WAL that the backup is replayed with: pages it wrote may have been copied half old, half new, and are put right
   * by the replay. Null when the server was stopped: every page must be right.
   */
  readonly replay: ReplayedWal | null;
}

export interface ReplayedWal {
  readonly startLsn: bigint;
  /** Where known, a page that claims to be of later WAL is damaged, as what is left of it by chance often does. */
  readonly endLsn?: bigint | undefined;
}

export interface DamagedPage {
  /** Counted over all segments, as in the server's messages. */
  readonly block: number;
  /** The checksum the page carries. */
  readonly expected: number;
  /** That of its content; 0 when the page says that it is new, which it can only be when it is empty. */
  readonly found: number;
}

export interface PageChecksumsResult {
  /** Whole pages, new ones included. */
  readonly pages: number;
  /** The first 100. */
  readonly damaged: readonly DamagedPage[];
  readonly damagedPages: number;
  /** Pages whose checksum is wrong, but which the WAL of the backup is to put right. */
  readonly unproven: number;
  /** What is left behind the last whole page: damage, since relations grow by pages. @unit bytes */
  readonly tailBytes: number;
}

/** Plain JSON; part of a checkpoint. */
export interface PageChecksumsState {
  readonly pages: number;
  readonly damaged: readonly DamagedPage[];
  readonly damagedPages: number;
  readonly unproven: number;
  /** Base64: the page that has not arrived as a whole, so that no page goes unchecked. Less than 44 KB. */
  readonly partial: string;
}

const keptDamage = 100;

/**
 * Checks the pages of one relation file (initdb -k) while it streams by. Which files those are: `parseRelationFile`.
 *
 * `damaged` is a strong suspicion for a backup of a running server, not a proof: of a page that was copied while it was
 * written, the old half may be the one with the LSN. The server itself reads such a page again, which a backup cannot.
 */
export class PageChecksums {
  readonly #module: HashModule;
  readonly #firstBlock: number;
  readonly #pageBytes: number;
  readonly #replay: ReplayedWal | null;
  readonly #partial: Uint8Array;
  #partialBytes = 0;
  #pages = 0;
  #damagedPages = 0;
  #unproven = 0;
  readonly #damaged: DamagedPage[] = [];

  private constructor(module: HashModule, options: PageChecksumsOptions, saved: PageChecksumsState | null) {
    this.#module = module;
    this.#firstBlock = options.firstBlock;
    this.#pageBytes = options.pageBytes ?? 8192;
    this.#replay = options.replay;
    if (![1, 2, 4, 8, 16, 32].includes(this.#pageBytes / 1024))
      throw new OdoError('BUG', `PostgreSQL has no pages of ${this.#pageBytes} bytes.`);
    this.#partial = new Uint8Array(this.#pageBytes);
    if (saved === null) return;
    const partial = Buffer.from(saved.partial, 'base64');
    this.#partial.set(partial);
    this.#partialBytes = partial.length;
    this.#pages = saved.pages;
    this.#damagedPages = saved.damagedPages;
    this.#unproven = saved.unproven;
    this.#damaged.push(...saved.damaged);
  }

  /** `saved`: the state of a check that was interrupted; `update` goes on with the byte after. */
  static async open(
    options: PageChecksumsOptions,
    saved: PageChecksumsState | null = null,
  ): Promise<PageChecksums> {
    return new PageChecksums(await openHashModule(), options, saved);
  }

  get saved(): PageChecksumsState {
    return {
      pages: this.#pages,
      damaged: [...this.#damaged],
      damagedPages: this.#damagedPages,
      unproven: this.#unproven,
      partial: Buffer.from(this.#partial.subarray(0, this.#partialBytes)).toString('base64'),
    };
  }

  /** The next bytes of the file, in pieces of any length. */
  update(bytes: Uint8Array): void {
    const pageBytes = this.#pageBytes;
    let at = 0;
    if (this.#partialBytes > 0) {
      at = Math.min(bytes.length, pageBytes - this.#partialBytes);
      this.#partial.set(bytes.subarray(0, at), this.#partialBytes);
      this.#partialBytes += at;
      if (this.#partialBytes < pageBytes) return;
      this.#check(this.#partial);
      this.#partialBytes = 0;
    }
    const pieceBytes = this.#module.data.length;
    const end = bytes.length - ((bytes.length - at) % pageBytes);
    for (; at < end; at += pieceBytes) this.#check(bytes.subarray(at, Math.min(at + pieceBytes, end)));
    this.#partialBytes = bytes.length - end;
    if (this.#partialBytes > 0) this.#partial.set(bytes.subarray(end));
  }

  /** When the file has ended. */
  result(): PageChecksumsResult {
    return {
      pages: this.#pages,
      damaged: [...this.#damaged],
      damagedPages: this.#damagedPages,
      unproven: this.#unproven,
      tailBytes: this.#partialBytes,
    };
  }

  /** Whole pages, at most what the module's memory takes. */
  #check(bytes: Uint8Array): void {
    const { exports, data, damage } = this.#module;
    const count = bytes.length / this.#pageBytes;
    const block = this.#firstBlock + this.#pages;
    copyBytes(bytes, data, 0);
    const wrong = exports.checkPages(count, this.#pageBytes, block);
    for (let n = 0; n < wrong; n++) {
      const [index = 0, found = 0, expected = 0] = damage.subarray(3 * n, 3 * n + 3);
      if (this.#isReplayed(bytes, index * this.#pageBytes, found)) {
        this.#unproven++;
        continue;
      }
      this.#damagedPages++;
      if (this.#damaged.length < keptDamage) this.#damaged.push({ block: block + index, expected, found });
    }
    this.#pages += count;
  }

  #isReplayed(bytes: Uint8Array, page: number, found: number): boolean {
    if (this.#replay === null) return false;
    // A page that was new when its first half was copied has no LSN yet.
    if (found === 0) return true;
    const { startLsn, endLsn } = this.#replay;
    const lsn = lsnAt(bytes, page);
    return lsn >= startLsn && (endLsn === undefined || lsn <= endLsn);
  }
}

/** pd_lsn (bufpage.h, `PageXLogRecPtr`): the high half first, each half little-endian. */
function lsnAt(bytes: Uint8Array, page: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + page, 8);
  return (BigInt(view.getUint32(0, true)) << 32n) | BigInt(view.getUint32(4, true));
}
