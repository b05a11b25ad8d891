import { createReadStream } from 'node:fs';
import { OdoError } from '../errors/odo-error.ts';
import { incrementalTarget } from '../postgres/incremental-file.ts';
import type { Tree, TreeWriter } from '../target/tree.ts';
import { BlockPatch } from './block-patch.ts';
import { refused } from './entry-check.ts';
import type { EntryPlacement } from './entry-placement.ts';
import type { FileHash } from './file-hash.ts';
import { PageChecksums, type PageChecksumsOptions, type PageChecksumsState } from './hash/page-checksums.ts';
import { type ExpectedFile, openFileHash } from './open-file-hash.ts';
import { addFindings, findingsOf, noFindings, type PageFindings, storedFindings } from './page-findings.ts';
import type { SharedFiles } from './shared-files.ts';
import type { TarEntry } from './tar-reader.ts';

/** A file that is not what the backup manifest says. */
export interface FileMismatch {
  /** As in the archive. */
  readonly path: string;
  readonly what: 'size' | 'checksum';
  readonly expected: string;
  readonly found: string;
}

/** Plain JSON; part of a checkpoint. */
export interface EntrySinkState {
  readonly files: number;
  /** Placement of the file that is being read; its offset is the tar reader's. */
  readonly open: EntryPlacement | null;
  /** Base64; that of the open entry as far as it goes. */
  readonly captured: Readonly<Record<string, string>>;
  readonly checkedFiles: number;
  readonly mismatches: readonly FileMismatch[];
  /** State of the open file's hash where it can be saved. */
  readonly hash: number | null;
  /** Of the open entry when it changes a file that is there. */
  readonly patch?: string | null;
  /** Of the pages of the open file, and of all files before it. */
  readonly pages: PageChecksumsState | null;
  readonly pageFindings: PageFindings;
  /** Names that were no UTF-8 and are written with `\xHH`; the first thousand. */
  readonly inexactNames: readonly string[];
}

export interface EntrySinkOptions {
  readonly tree: Tree;
  readonly writer: TreeWriter;
  readonly place: (entry: TarEntry) => EntryPlacement;
  /** What the manifest says about an entry; null when it does not list it. */
  readonly expected?: ((entry: TarEntry) => ExpectedFile | null) | undefined;
  /** How the pages of an entry are checked; null when it has none. */
  readonly pages?: ((entry: TarEntry) => PageChecksumsOptions | null) | undefined;
  /** Called before a file is written; what it returns, when it is. Throws when there must be no more. */
  readonly admit?: ((sizeBytes: number) => Promise<() => void>) | undefined;
  /** Files of which others write other parts: they are there already. */
  readonly shared?: SharedFiles;
}

const maxCapturedBytes = 64 * 1024;

/** No file of a relation is larger. @unit bytes */
const implausibleBytes = 1024 ** 3;

/** They are part of every checkpoint. */
const maxInexactNames = 1000;

/** Puts entries where their placement says and compares them with what is expected of them. One at a time, in order. */
export class EntrySink {
  readonly #options: EntrySinkOptions;
  readonly #captured = new Map<string, Buffer[]>();
  readonly #mismatches: FileMismatch[] = [];
  readonly #inexactNames: string[] = [];
  #files = 0;
  #checkedFiles = 0;
  #open: EntryPlacement | null = null;
  #expected: ExpectedFile | null = null;
  #hash: FileHash | null = null;
  #patch: BlockPatch | null = null;
  #pages: PageChecksums | null = null;
  #pageFindings = noFindings;
  #admitted: (() => void) | null = null;

  constructor(options: EntrySinkOptions) {
    this.#options = options;
  }

  get files(): number {
    return this.#files;
  }

  get checkedFiles(): number {
    return this.#checkedFiles;
  }

  get mismatches(): readonly FileMismatch[] {
    return this.#mismatches;
  }

  get inexactNames(): readonly string[] {
    return this.#inexactNames;
  }

  get pageFindings(): PageFindings {
    return this.#pageFindings;
  }

  /** Whether a file is open in the writer. */
  get isWriting(): boolean {
    return this.#open !== null && pathOf(this.#open) !== null;
  }

  /** Whether a checkpoint may lie here. What a patch brought cannot be read again for a hash that cannot be saved. */
  get canBeSaved(): boolean {
    if (!this.isWriting) return true;
    const canHashAgain = this.#patch === null || this.#hash === null || this.#hash.saved !== null;
    return this.#options.writer.continuesFiles && canHashAgain;
  }

  /** Whether the open file, if there is one, can be begun here by another sink. */
  get canBeCut(): boolean {
    if (this.#open === null || this.#open.kind === 'skip') return true;
    return this.#open.kind === 'write' && (this.#hash === null || this.#hash.saved !== null);
  }

  /** State of the open file's hash where it has one that can be saved. */
  get savedHash(): number | null {
    return this.#hash?.saved ?? null;
  }

  captured(): Record<string, Uint8Array> {
    return Object.fromEntries([...this.#captured].map(([name, parts]) => [name, Buffer.concat(parts)]));
  }

  state(): EntrySinkState {
    const captured = Object.entries(this.captured());
    return {
      files: this.#files,
      open: this.#open,
      captured: Object.fromEntries(
        captured.map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
      ),
      checkedFiles: this.#checkedFiles,
      mismatches: [...this.#mismatches],
      hash: this.savedHash,
      patch: this.#patch?.saved ?? null,
      pages: this.#pages?.saved ?? null,
      pageFindings: this.#pageFindings,
      inexactNames: [...this.#inexactNames],
    };
  }

  /** Goes on inside `entry`, of which `offset` bytes were handled; null when the checkpoint lies between entries. */
  async restore(state: EntrySinkState, entry: TarEntry | null, offset: number): Promise<void> {
    this.#files = state.files;
    this.#checkedFiles = state.checkedFiles;
    this.#mismatches.push(...state.mismatches);
    this.#pageFindings = storedFindings(state.pageFindings);
    this.#inexactNames.push(...state.inexactNames);
    for (const [name, content] of Object.entries(state.captured)) {
      this.#captured.set(name, [Buffer.from(content, 'base64')]);
    }
    this.#open = state.open;
    if (entry === null || state.open === null || state.open.kind === 'skip') return;
    await this.#checkPages(entry, 0, state.pages);
    await this.#beginFile(state.open, entry, offset, state.patch ?? '');
    await this.#expect(entry, state.hash);
    if (this.#hash?.saved === null) await this.#hashAgain(this.#hash, state.open, offset);
  }

  /** Begins inside `entry`, whose first `offset` bytes others handle; `hash` is the state of its hash there. */
  async enter(entry: TarEntry | null, offset: number, hash: number | null): Promise<void> {
    if (entry === null) return;
    this.#open = this.#options.place(entry);
    if (this.#open.kind === 'skip') return;
    await this.#checkPages(entry, offset);
    await this.#beginFile(this.#open, entry, offset);
    await this.#expect(entry, hash);
  }

  /** Ends inside an entry whose rest others handle. */
  async leave(entry: TarEntry | null): Promise<void> {
    if (this.isWriting) await this.#options.writer.endFile();
    if (entry !== null && this.#open !== null) this.#pagesEnd(this.#open);
    this.#open = null;
    this.#expected = null;
    this.#hash = null;
  }

  async begin(entry: TarEntry): Promise<void> {
    if (!entry.nameIsExact && this.#inexactNames.length < maxInexactNames) {
      this.#inexactNames.push(entry.path);
    }
    // The root itself: it is there.
    const placement: EntryPlacement = entry.path === '' ? { kind: 'skip' } : this.#options.place(entry);
    const { writer } = this.#options;
    if (placement.kind === 'link') {
      await writer.makeLink(placement.path, placement.target);
    } else if (placement.kind !== 'skip' && entry.kind === 'link') {
      throw refused(
        entry.path,
        `is a symbolic link (to ${JSON.stringify(entry.linkTarget)}) where a file is expected`,
      );
    }
    if (entry.kind !== 'file') {
      const path = pathOf(placement);
      if (entry.kind === 'directory' && path !== null) await writer.makeDirectory(path);
      return;
    }
    if (placement.kind === 'link') {
      this.#open = { kind: 'skip' };
      return;
    }
    this.#open = placement;
    if (placement.kind === 'skip') return;
    if (placement.kind === 'capture') {
      if (entry.sizeBytes > maxCapturedBytes) {
        throw refused(
          entry.path,
          `has ${entry.sizeBytes} bytes; a file of this name has at most ${maxCapturedBytes}`,
        );
      }
      // A later member of the same name wins.
      this.#captured.set(placement.name, []);
    }
    await this.#expect(entry, null);
    if (pathOf(placement) !== null) this.#admitted = (await this.#options.admit?.(entry.sizeBytes)) ?? null;
    await this.#checkPages(entry, 0);
    await this.#beginFile(placement, entry, 0);
  }

  /** `bytes` may be used again once the promise is settled. */
  async data(bytes: Uint8Array): Promise<void> {
    const open = this.#open;
    if (open === null || open.kind === 'skip') return;
    if (open.kind === 'capture') this.#captured.get(open.name)?.push(Buffer.from(bytes));
    const written =
      this.#patch?.data(bytes) ?? (pathOf(open) === null ? null : this.#options.writer.write(bytes));
    // While the write is on its way; a failed write is reported below.
    written?.catch(() => {});
    this.#hash?.update(bytes);
    // Of an incremental file, those that are pages; see BlockPatch.
    if (this.#patch === null) this.#pages?.update(bytes);
    await written;
  }

  async end(entry: TarEntry): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (open === null || open.kind === 'skip') return;
    if (pathOf(open) !== null) {
      this.#admitted?.();
      this.#admitted = null;
      await (this.#patch ?? this.#options.writer).endFile();
      this.#patch = null;
      this.#files++;
    }
    this.#pagesEnd(open);
    this.#compare(entry);
  }

  async #beginFile(placement: EntryPlacement, entry: TarEntry, fromByte: number, saved = ''): Promise<void> {
    const path = pathOf(placement);
    if (path === null) return;
    const { writer, shared } = this.#options;
    if (placement.kind === 'patch') {
      const pages = this.#pages;
      this.#patch = await BlockPatch.open(writer, placement, entry, { offset: fromByte, saved, pages });
      return;
    }
    const isThere = shared?.paths.includes(entry.path) ?? false;
    const toByte = shared?.last?.path === entry.path ? shared.last.toByte : entry.sizeBytes;
    await writer.beginFile({ path, sizeBytes: entry.sizeBytes, isThere, toByte }, fromByte);
  }

  /** What the manifest says of the entry that begins; `saved` is the state of its hash there. */
  async #expect(entry: TarEntry, saved: number | null): Promise<void> {
    this.#expected = this.#options.expected?.(entry) ?? null;
    this.#requirePlausible(entry);
    const algorithm = this.#expected?.algorithm ?? null;
    this.#hash = algorithm === null ? null : await openFileHash(algorithm, saved);
  }

  /** Smaller differences are all told at the end; this one would first fill the disk. */
  #requirePlausible({ path, sizeBytes }: TarEntry): void {
    const listed = this.#expected?.sizeBytes ?? sizeBytes;
    if (sizeBytes - listed <= implausibleBytes) return;
    throw refused(path, `has ${sizeBytes} bytes, but the backup manifest says ${listed}`);
  }

  /** From `offset` on, which lies between two pages. Before the file is begun, whose patch brings its pages. */
  async #checkPages(entry: TarEntry, offset: number, saved: PageChecksumsState | null = null): Promise<void> {
    // A patch brings pages of the file that it changes.
    const path = (this.#open?.kind === 'patch' ? incrementalTarget(entry.path) : null) ?? entry.path;
    const options = this.#options.pages?.({ ...entry, path }) ?? null;
    if (options === null) return;
    const firstBlock = options.firstBlock + offset / (options.pageBytes ?? 8192);
    this.#pages = await PageChecksums.open({ ...options, firstBlock }, saved);
  }

  #pagesEnd(placement: EntryPlacement): void {
    const path = pathOf(placement);
    if (this.#pages === null || path === null) return;
    this.#pageFindings = addFindings(this.#pageFindings, findingsOf(path, this.#pages.result()));
    this.#pages = null;
  }

  #compare(entry: TarEntry): void {
    const expected = this.#expected;
    const found = this.#hash?.digest() ?? null;
    this.#expected = null;
    this.#hash = null;
    if (expected === null) return;
    this.#checkedFiles++;
    const { path, sizeBytes } = entry;
    if (sizeBytes !== expected.sizeBytes) {
      const sizes = { expected: String(expected.sizeBytes), found: String(sizeBytes) };
      this.#mismatches.push({ path, what: 'size', ...sizes });
    } else if (found !== null && found !== expected.checksum?.toLowerCase()) {
      this.#mismatches.push({ path, what: 'checksum', expected: expected.checksum ?? '', found });
    }
  }

  /** node:crypto cannot save a hash, so the part of the file that is on disk is read once more. */
  async #hashAgain(hash: FileHash, open: EntryPlacement, offset: number): Promise<void> {
    if (offset === 0) return;
    const path = pathOf(open);
    if (path === null) {
      if (open.kind === 'capture') for (const part of this.#captured.get(open.name) ?? []) hash.update(part);
      return;
    }
    const file = this.#options.tree.localPathOf(path);
    if (file === null) throw new OdoError('BUG', `${path} was continued in a tree that cannot be read here.`);
    for await (const chunk of createReadStream(file, {
      end: offset - 1,
      highWaterMark: 1024 * 1024,
    })) {
      hash.update(chunk);
    }
  }
}

function pathOf(placement: EntryPlacement): string | null {
  if (placement.kind === 'write' || placement.kind === 'patch') return placement.path;
  return placement.kind === 'capture' ? (placement.path ?? null) : null;
}
