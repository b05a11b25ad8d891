import { OdoError } from '../../errors/odo-error.ts';
import { type HashModule, openHashModule, type WrongPage, wrongPagesIn } from './hash-module.ts';

export type { WrongPage };

export interface PageChecksumsOptions {
  /** Of the file's first page, see `firstBlockOf`. */
  readonly firstBlock: number;
  /** A power of two from 1 KiB to 32 KiB. @unit bytes @default 8192 */
  readonly pageBytes?: number | undefined;
}

export interface PageChecksumsResult {
  /** Whole pages, new ones included. */
  readonly pages: number;
  /** The first 1000. */
  readonly wrong: readonly WrongPage[];
  readonly wrongPages: number;
  /** What is left behind the last whole page: relations grow by pages. @unit bytes */
  readonly tailBytes: number;
}

/** Plain JSON; part of a checkpoint. */
export interface PageChecksumsState {
  readonly pages: number;
  /** Absent in checkpoints of an older odo, which kept fewer. */
  readonly wrong?: readonly WrongPage[];
  readonly wrongPages?: number;
  /** The next whole page. Absent in checkpoints of an older odo: pages follow each other. */
  readonly block?: number;
  /** Base64: the page that has not arrived as a whole, so that no page goes unchecked. Less than 44 KB. */
  readonly partial: string;
}

const keptPages = 1000;

/**
 * Checks the pages of one relation file (initdb -k) while it streams by. Which files those are: `parseRelationFile`.
 *
 * Of the backup of a running server, a wrong page is only a suspect: it may have been copied while it was written, half
 * old, half new. The server reads such a page again, which a backup cannot; but any page that was written while the
 * backup was made is in its WAL as a whole (a full-page image), and the replay puts it right.
 */
export class PageChecksums {
  /** Of the file's first page. */
  readonly firstBlock: number;
  readonly #module: HashModule;
  readonly #pageBytes: number;
  readonly #partial: Uint8Array;
  readonly #wrong: WrongPage[] = [];
  #partialBytes = 0;
  #pages = 0;
  #wrongPages = 0;
  #block: number;

  private constructor(module: HashModule, options: PageChecksumsOptions, saved: PageChecksumsState | null) {
    this.#module = module;
    this.firstBlock = options.firstBlock;
    this.#block = options.firstBlock;
    this.#pageBytes = options.pageBytes ?? 8192;
    if (![1, 2, 4, 8, 16, 32].includes(this.#pageBytes / 1024))
      throw new OdoError('BUG', `PostgreSQL has no pages of ${this.#pageBytes} bytes.`);
    this.#partial = new Uint8Array(this.#pageBytes);
    if (saved === null) return;
    const partial = Buffer.from(saved.partial, 'base64');
    this.#partial.set(partial);
    this.#partialBytes = partial.length;
    this.#pages = saved.pages;
    this.#block = saved.block ?? options.firstBlock + saved.pages;
    // An older odo did not keep them all: the file then counts as wrong as a whole.
    this.#wrongPages = saved.wrongPages ?? saved.pages;
    this.#wrong.push(...(saved.wrong ?? []));
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
      wrong: [...this.#wrong],
      wrongPages: this.#wrongPages,
      block: this.#block,
      partial: Buffer.from(this.#partial.subarray(0, this.#partialBytes)).toString('base64'),
    };
  }

  /** The next page is this block; only between two pages. */
  moveTo(block: number): void {
    if (this.#partialBytes > 0) throw new OdoError('BUG', `A page ends early in front of block ${block}.`);
    this.#block = block;
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
    const end = bytes.length - ((bytes.length - at) % pageBytes);
    if (end > at) this.#check(bytes.subarray(at, end));
    this.#partialBytes = bytes.length - end;
    if (this.#partialBytes > 0) this.#partial.set(bytes.subarray(end));
  }

  /** When the file has ended. */
  result(): PageChecksumsResult {
    return {
      pages: this.#pages,
      wrong: [...this.#wrong],
      wrongPages: this.#wrongPages,
      tailBytes: this.#partialBytes,
    };
  }

  #check(pages: Uint8Array): void {
    const place = { pageBytes: this.#pageBytes, block: this.#block };
    for (const page of wrongPagesIn(this.#module, pages, place)) {
      this.#wrongPages++;
      if (this.#wrong.length < keptPages) this.#wrong.push(page);
    }
    const count = pages.length / this.#pageBytes;
    this.#pages += count;
    this.#block += count;
  }
}
