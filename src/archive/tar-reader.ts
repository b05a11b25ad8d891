import type { TarDialect } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import { type FileName, fileName } from '../postgres/file-name.ts';
import { checkedEntryPath, refused } from './entry-check.ts';
import { type PaxFields, parsePaxRecords } from './pax-records.ts';
import { blockBytes, parseTarHeader, type TarHeader } from './tar-header.ts';
import { untilNul } from './until-nul.ts';

/** One member of an archive, checked: plain JSON. */
export interface TarEntry {
  /** Relative, without `./`; '' for the root directory itself. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  /** 0 for directories and links. @unit bytes */
  readonly sizeBytes: number;
  /** Permission bits on the source. */
  readonly mode: number;
  /** @unit seconds since the epoch */
  readonly modifiedAt: number;
  /** Of a symbolic link, as it stands in the archive. */
  readonly linkTarget: string | null;
  /** False when the name was no UTF-8 and `path` shows bytes as `\xHH`. */
  readonly nameIsExact: boolean;
}

export type TarEvent =
  | { readonly type: 'entry'; readonly entry: TarEntry }
  /** A view into what was fed. */
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'entryEnd'; readonly entry: TarEntry }
  /** The two zero blocks. */
  | { readonly type: 'end' };

/** Where a reader stands; plain JSON. */
export interface TarState {
  /** Bytes of the archive consumed so far. */
  readonly offset: number;
  readonly mode: 'header' | 'extension' | 'data' | 'padding' | 'end';
  /** Bytes of the current mode still to come (not for `header` and `end`). */
  readonly remaining: number;
  /** Pad after the current body. */
  readonly padding: number;
  /** Part of a header block or of an extension's body, base64. */
  readonly pending: string;
  /** Type of the extension being read: `x`, `g`, `L` or `K`. */
  readonly extension: string | null;
  readonly local: PaxFields;
  readonly global: PaxFields;
  readonly entry: TarEntry | null;
  readonly zeroBlocks: number;
}

/** Records and long names are a few hundred bytes; more is damage or an attack on memory. */
const maxExtensionBytes = 1024 * 1024;

const standard: TarDialect = { rootedNames: false, mayLackEnd: false };

const start: TarState = {
  offset: 0,
  mode: 'header',
  remaining: 0,
  padding: 0,
  pending: '',
  extension: null,
  local: {},
  global: {},
  entry: null,
  zeroBlocks: 0,
};

/**
 * Incremental tar reader: ustar, pax, GNU long names, base-256 numbers. Not tar-stream, because its position inside
 * an entry cannot be saved and taken up again, and because it takes an archive cut between entries as complete.
 */
export class TarReader {
  #offset: number;
  #mode: TarState['mode'];
  #remaining: number;
  #padding: number;
  #pending: Uint8Array;
  #extension: string | null;
  #local: PaxFields;
  #global: PaxFields;
  #entry: TarEntry | null;
  #zeroBlocks: number;
  readonly #dialect: TarDialect;

  constructor(state: TarState = start, dialect: TarDialect = standard) {
    this.#dialect = dialect;
    this.#offset = state.offset;
    this.#mode = state.mode;
    this.#remaining = state.remaining;
    this.#padding = state.padding;
    this.#pending = Buffer.from(state.pending, 'base64');
    this.#extension = state.extension;
    this.#local = state.local;
    this.#global = state.global;
    this.#entry = state.entry;
    this.#zeroBlocks = state.zeroBlocks;
  }

  /** Bytes of the archive consumed: exact whenever `feed` has yielded or returned. @unit bytes */
  get offset(): number {
    return this.#offset;
  }

  /** The member whose data is being read. */
  get entry(): TarEntry | null {
    return this.#entry;
  }

  /** Data bytes of `entry` that were handed out. @unit bytes */
  get entryOffset(): number {
    return this.#entry === null ? 0 : this.#entry.sizeBytes - this.#remaining;
  }

  /** May be taken at any moment `feed` has yielded or returned; a reader made from it wants the bytes from `offset` on. */
  state(): TarState {
    return {
      offset: this.#offset,
      mode: this.#mode,
      remaining: this.#remaining,
      padding: this.#padding,
      pending: Buffer.from(this.#pending).toString('base64'),
      extension: this.#extension,
      local: this.#local,
      global: this.#global,
      entry: this.#entry,
      zeroBlocks: this.#zeroBlocks,
    };
  }

  /** ARCHIVE_CORRUPT for what is no tar, ENTRY_REFUSED for a member that odo does not restore. */
  *feed(bytes: Uint8Array): Generator<TarEvent> {
    let at = 0;
    while (at < bytes.length) {
      const left = bytes.length - at;
      if (this.#mode === 'data' || this.#mode === 'padding') {
        const count = Math.min(left, this.#remaining);
        const body = bytes.subarray(at, at + count);
        at += count;
        this.#offset += count;
        this.#remaining -= count;
        if (this.#mode === 'data') yield { type: 'data', bytes: body };
        if (this.#remaining === 0) yield* this.#endBody();
      } else if (this.#mode === 'end') {
        const other = bytes.subarray(at).findIndex((byte) => byte !== 0);
        if (other >= 0) throw this.#corrupt('data after the end of the archive', this.#offset + other);
        this.#offset += left;
        return;
      } else {
        const wanted = this.#mode === 'header' ? blockBytes : this.#remaining;
        const count = Math.min(left, wanted - this.#pending.length);
        const piece = bytes.subarray(at, at + count);
        at += count;
        this.#offset += count;
        const whole = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
        if (whole.length < wanted) {
          this.#pending = Uint8Array.from(whole);
          return;
        }
        this.#pending = new Uint8Array();
        if (this.#mode === 'header') yield* this.#takeHeader(whole);
        else this.#takeExtension(whole);
      }
    }
  }

  /** The archive's bytes have ended. ARCHIVE_CORRUPT when the end-of-archive blocks were not among them, but should be. */
  finish(): void {
    if (this.#mode === 'end') return;
    const isBetween = this.#mode === 'header' && this.#pending.length === 0 && this.#offset > 0;
    if (this.#dialect.mayLackEnd && isBetween) return;
    const where =
      this.#entry !== null
        ? `inside ${JSON.stringify(this.#entry.path)}, ${this.#remaining} bytes before its end`
        : 'without the two zero blocks at its end';
    throw new OdoError('ARCHIVE_CORRUPT', `The tar archive stops at byte ${this.#offset} ${where}.`, {
      hint: 'The backup is incomplete: its tool was killed, or the copy was cut. Use another backup.',
      details: { tarOffset: this.#offset, entry: this.#entry?.path ?? null },
    });
  }

  *#endBody(): Generator<TarEvent> {
    const padding = this.#mode === 'data' ? this.#padding : 0;
    const entry = this.#mode === 'data' ? this.#entry : null;
    this.#mode = padding > 0 ? 'padding' : 'header';
    this.#remaining = padding;
    this.#padding = 0;
    this.#entry = null;
    if (entry !== null) yield { type: 'entryEnd', entry };
  }

  *#takeHeader(block: Uint8Array): Generator<TarEvent> {
    if (block[0] === 0 && block.every((byte) => byte === 0)) {
      this.#zeroBlocks++;
      if (this.#zeroBlocks === 2) {
        this.#mode = 'end';
        yield { type: 'end' };
      }
      return;
    }
    if (this.#zeroBlocks > 0) throw this.#corrupt('a single zero block between members');
    const header = parseTarHeader(block);
    if (typeof header === 'string') throw this.#corrupt(header, this.#offset - blockBytes);
    if ('xgLK'.includes(header.type)) return this.#beginExtension(header);

    const entry = this.#entryFrom(header);
    this.#local = {};
    this.#entry = entry;
    this.#mode = 'data';
    this.#remaining = entry.sizeBytes;
    this.#padding = padAfter(entry.sizeBytes);
    yield { type: 'entry', entry };
    if (this.#remaining === 0) yield* this.#endBody();
  }

  #beginExtension(header: TarHeader): void {
    if (header.sizeBytes > maxExtensionBytes) {
      throw this.#corrupt(`an extended header of ${header.sizeBytes} bytes`, this.#offset - blockBytes);
    }
    this.#extension = header.type;
    this.#mode = 'extension';
    this.#remaining = header.sizeBytes + padAfter(header.sizeBytes);
    this.#padding = padAfter(header.sizeBytes);
    if (this.#remaining === 0) this.#takeExtension(new Uint8Array());
  }

  #takeExtension(padded: Uint8Array): void {
    const body = padded.subarray(0, padded.length - this.#padding);
    const type = this.#extension;
    this.#extension = null;
    this.#mode = 'header';
    this.#remaining = 0;
    this.#padding = 0;
    // pax wins over GNU when an archive has both for one member
    if (type === 'L') this.#local = { path: fileName(untilNul(body)), ...this.#local };
    else if (type === 'K') this.#local = { linkPath: fileName(untilNul(body)), ...this.#local };
    else {
      const fields = parsePaxRecords(body, type === 'g' ? this.#global : this.#local);
      if (typeof fields === 'string') throw this.#corrupt(fields);
      if (type === 'g') this.#global = fields;
      else this.#local = fields;
    }
  }

  #entryFrom(header: TarHeader): TarEntry {
    const fields = { ...this.#global, ...this.#local };
    const name: FileName = fields.path ?? header.name;
    const path = checkedEntryPath(
      this.#dialect.rootedNames ? `.${name.text.replace(/^\/?/, '/')}` : name.text,
    );
    const kind = kindOf(header, name, fields);
    if (path === '' && kind !== 'directory') throw refused(name.text, 'names the root, but is no directory');
    return {
      path,
      kind,
      // Directories and links have no data, whatever the size field says (pax(1), "ustar Interchange Format").
      sizeBytes: kind === 'file' ? (fields.sizeBytes ?? header.sizeBytes) : 0,
      mode: header.mode,
      modifiedAt: fields.modifiedAt ?? header.modifiedAt,
      linkTarget: kind === 'link' ? (fields.linkPath ?? header.linkName).text : null,
      nameIsExact: name.exact,
    };
  }

  #corrupt(what: string, offset = this.#offset): OdoError {
    return new OdoError('ARCHIVE_CORRUPT', `The tar archive has ${what} at byte ${offset}.`, {
      hint: 'The object is not what was uploaded, or no tar archive. Use another backup.',
      details: { tarOffset: offset, fault: what },
    });
  }
}

function padAfter(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

function kindOf(header: TarHeader, name: FileName, fields: PaxFields): TarEntry['kind'] {
  if (fields.sparse || header.type === 'S') throw refused(name.text, 'is a sparse file in a form of GNU tar');
  // V7 archives have no type for directories, only the slash.
  if (header.type === '0') return name.text.endsWith('/') ? 'directory' : 'file';
  if (header.type === '7') return 'file';
  if (header.type === '5') return 'directory';
  if (header.type === '2') return 'link';
  if (header.type === '1') {
    const target = (fields.linkPath ?? header.linkName).text;
    throw refused(name.text, `is a hard link (to ${JSON.stringify(target)}), which odo does not restore`);
  }
  const special = { 3: 'a character device', 4: 'a block device', 6: 'a named pipe' }[header.type];
  throw refused(
    name.text,
    special === undefined ? `has the unknown type ${JSON.stringify(header.type)}` : `is ${special}`,
  );
}
