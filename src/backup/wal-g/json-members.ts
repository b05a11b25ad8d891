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
const space = new Set([...' \t\r\n'].map(code));

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
  #text: number[] = [];
  #mode: 'between' | 'string' | 'escape' | 'literal' = 'between';
  #isDone = false;

  constructor(visit: VisitMember) {
    this.#visit = visit;
  }

  feed(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#mode === 'string') {
        if (byte === quote) this.#stringEnds();
        else this.#keep(byte, byte === backslash ? 'escape' : 'string');
      } else if (this.#mode === 'escape') {
        this.#keep(byte, 'string');
      } else {
        if (this.#mode === 'literal' && !this.#literalGoesOn(byte)) this.#literalEnds();
        if (this.#mode === 'between') this.#between(byte);
      }
    }
  }

  finish(): void {
    if (!this.#isDone) throw corrupt('it is cut short');
  }

  #between(byte: number): void {
    if (space.has(byte)) return;
    if (this.#isDone) throw corrupt('something follows its end');
    const top = this.#open.at(-1);
    if (byte === quote) {
      this.#mode = 'string';
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
      this.#text.push(byte);
    }
  }

  #stringEnds(): void {
    this.#mode = 'between';
    const top = this.#open.at(-1);
    if (top === undefined) throw corrupt('it is not an object');
    if (top.isObject && top.expectsName) {
      top.expectsName = false;
      this.#path.push(nameOf(this.#take()));
    } else {
      this.#take();
      this.#value(null);
      this.#valueEnds();
    }
  }

  #literalGoesOn(byte: number): boolean {
    const ends = space.has(byte) || byte === comma || byte === closeObject || byte === closeList;
    if (!ends) this.#keep(byte, 'literal');
    return !ends;
  }

  #literalEnds(): void {
    this.#mode = 'between';
    this.#value(this.#take());
    this.#valueEnds();
  }

  /** Names in strings are needed, their values are not. */
  #keep(byte: number, mode: 'string' | 'escape' | 'literal'): void {
    this.#mode = mode;
    const top = this.#open.at(-1);
    if (mode !== 'literal' && !(top?.isObject && top.expectsName)) return;
    if (this.#text.length === textLimit) throw corrupt('a name is too long');
    this.#text.push(byte);
  }

  #take(): string {
    const text = Buffer.from(this.#text).toString('utf8');
    this.#text = [];
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
