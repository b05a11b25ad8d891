import { OdoError } from '../../errors/odo-error.ts';

/**
 * Called for every member of an object: the names that lead to it, and its value when that is a number, true, false
 * or null (null for everything else). The list is only valid during the call.
 */
export type VisitMember = (path: readonly string[], literal: string | null) => void;

/** A name or a literal longer than any real one; a hostile file must not exhaust the memory. @unit bytes */
const textLimit = 64 * 1024;
const depthLimit = 64;

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash, colon, comma] = [code('"'), code('\\'), code(':'), code(',')];
const [openObject, closeObject, openList, closeList] = [code('{'), code('}'), code('['), code(']')];
/** So are the other three kinds of space, which are smaller. */
const space = code(' ');

const endsLiteral = (byte: number): boolean =>
  byte === comma || byte === closeObject || byte === closeList || byte <= space;

/**
 * Walks through JSON of any size in pieces, keeping only the names on the way to where it stands. It finds members and
 * whether the text was cut, and leaves the finer points of the grammar alone: WAL-G's files_metadata.json has a
 * gigabyte on a large cluster.
 * @throws FORMAT_UNKNOWN from `feed` and `finish`
 */
export class JsonMembers {
  readonly #visit: VisitMember;
  /** One for each open object or list; a list has no names. */
  readonly #open: { isObject: boolean; expectsName: boolean }[] = [];
  readonly #path: string[] = [];
  /** Of a name or a literal that a piece cut in two. */
  #text: Buffer = Buffer.alloc(0);
  #mode: 'between' | 'string' | 'escape' | 'literal' = 'between';
  /** The string is the name of a member: other strings are passed over. */
  #isName = false;
  #isDone = false;

  constructor(visit: VisitMember) {
    this.#visit = visit;
  }

  /** `input` may be used again afterwards. */
  feed(input: Uint8Array): void {
    const bytes = Buffer.from(input.buffer, input.byteOffset, input.length);
    let at = 0;
    while (at < bytes.length) {
      const from = at;
      if (this.#mode === 'between') {
        this.#between(bytes[at] ?? 0);
        at += 1;
      } else if (this.#mode === 'literal') {
        while (at < bytes.length && !endsLiteral(bytes[at] ?? 0)) at += 1;
        if (at < bytes.length) this.#literalEnds(this.#take(bytes, from, at));
        else this.#keep(bytes.subarray(from));
      } else {
        if (this.#mode === 'escape') at += 1;
        this.#mode = 'string';
        for (; at < bytes.length && bytes[at] !== quote; at += 1) {
          if (bytes[at] !== backslash) continue;
          at += 1;
          if (at === bytes.length) this.#mode = 'escape';
        }
        if (at >= bytes.length) {
          if (this.#isName) this.#keep(bytes.subarray(from));
          return;
        }
        this.#stringEnds(this.#isName ? this.#take(bytes, from, at) : '');
        at += 1;
      }
    }
  }

  finish(): void {
    if (!this.#isDone) throw corrupt('it is cut short');
  }

  #between(byte: number): void {
    if (byte <= space) return;
    if (this.#isDone) throw corrupt('something follows its end');
    const top = this.#open.at(-1);
    if (byte === quote) {
      this.#mode = 'string';
      this.#isName = top?.isObject === true && top.expectsName;
      return;
    }
    if (top?.isObject && top.expectsName && byte !== closeObject && byte !== comma) {
      throw corrupt('a member without a name');
    }
    if (byte === openObject || byte === openList) {
      this.#value(null);
      if (this.#open.length === depthLimit) throw corrupt('it is nested too deeply');
      this.#open.push({ isObject: byte === openObject, expectsName: byte === openObject });
    } else if (byte === closeObject || byte === closeList) {
      if (top === undefined || top.isObject !== (byte === closeObject))
        throw corrupt('brackets do not match');
      this.#open.pop();
      this.#valueEnds();
    } else if (byte !== comma && byte !== colon) {
      if (top === undefined) throw corrupt('it is not an object');
      this.#mode = 'literal';
      this.#keep(Uint8Array.of(byte));
    }
  }

  #stringEnds(text: string): void {
    this.#mode = 'between';
    const top = this.#open.at(-1);
    if (top === undefined) throw corrupt('it is not an object');
    if (this.#isName) {
      top.expectsName = false;
      this.#path.push(nameOf(text));
    } else {
      this.#value(null);
      this.#valueEnds();
    }
  }

  #literalEnds(text: string): void {
    this.#mode = 'between';
    this.#value(text);
    this.#valueEnds();
  }

  #keep(bytes: Uint8Array): void {
    this.#text = Buffer.concat([this.#text, bytes]);
    if (this.#text.length > textLimit) throw corrupt('a name is too long');
  }

  /** What was kept, and the bytes behind it. */
  #take(bytes: Buffer, from: number, to: number): string {
    if (this.#text.length === 0) return bytes.toString('utf8', from, to);
    this.#keep(bytes.subarray(from, to));
    const text = this.#text.toString('utf8');
    this.#text = Buffer.alloc(0);
    return text;
  }

  #value(literal: string | null): void {
    if (this.#open.at(-1)?.isObject) this.#visit(this.#path, literal);
  }

  #valueEnds(): void {
    const top = this.#open.at(-1);
    if (top === undefined) this.#isDone = true;
    else if (top.isObject) {
      this.#path.pop();
      top.expectsName = true;
    }
  }
}

function nameOf(raw: string): string {
  try {
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
  } catch (cause) {
    throw corrupt(`${JSON.stringify(raw.slice(0, 60))} is no name`, cause);
  }
}

const corrupt = (what: string, cause?: unknown) =>
  new OdoError('FORMAT_UNKNOWN', `The JSON cannot be read: ${what}.`, {
    hint: 'The object may be damaged or cut. Choose another backup.',
    cause,
  });
