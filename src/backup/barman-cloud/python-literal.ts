import { OdoError } from '../../errors/odo-error.ts';

export type PythonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PythonValue[]
  | { [key: string]: PythonValue };

const corrupt = (text: string, at: number, what: string) =>
  new OdoError('FORMAT_UNKNOWN', `A value in backup.info cannot be read: ${what} at character ${at + 1}.`, {
    hint: 'The file may be damaged or written by an unknown tool.',
    details: { near: text.slice(Math.max(0, at - 20), at + 20) },
  });

const simpleEscapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};
const hexEscapes: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const numberPattern = /[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf|nan)[lL]?/y;

/** Deeper than any real value; a hostile file must not exhaust the stack. */
const depthLimit = 64;

/**
 * Reads what Python's `repr()` wrote: lists, tuples, dicts, strings, numbers, None, True, False; also the `u'…'` and
 * `1L` of Python 2. Tuples come back as arrays, dict keys as text.
 * @throws FORMAT_UNKNOWN
 */
export function parsePythonLiteral(text: string): PythonValue {
  let at = 0;

  const skipSpace = () => {
    while (/\s/.test(text[at] ?? '')) at += 1;
  };
  const expect = (character: string) => {
    skipSpace();
    if (text[at] !== character) throw corrupt(text, at, `${JSON.stringify(character)} is missing`);
    at += 1;
  };
  const startsHere = (word: string) => text.startsWith(word, at) && !/\w/.test(text[at + word.length] ?? '');

  function value(depth: number): PythonValue {
    if (depth > depthLimit) throw corrupt(text, at, 'it is nested too deeply');
    skipSpace();
    const character = text[at] ?? '';
    if (character === '[') return sequence(']', depth);
    if (character === '(') return sequence(')', depth);
    if (character === '{') return dict(depth);
    if (character === "'" || character === '"') return string();
    if (/[uUbB]/.test(character) && /['"]/.test(text[at + 1] ?? '')) {
      at += 1;
      return string();
    }
    for (const [word, meaning] of [
      ['None', null],
      ['True', true],
      ['False', false],
    ] as const) {
      if (!startsHere(word)) continue;
      at += word.length;
      return meaning;
    }
    return number();
  }

  function number(): PythonValue {
    numberPattern.lastIndex = at;
    const [found] = numberPattern.exec(text) ?? [];
    if (found === undefined) throw corrupt(text, at, 'a value is missing');
    at += found.length;
    const digits = found.replace(/[lL]$/, '');
    if (/^[+-]?\d+$/.test(digits) && !Number.isSafeInteger(Number(digits))) return BigInt(digits);
    if (/inf/.test(digits))
      return digits.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    return digits.includes('nan') ? Number.NaN : Number(digits);
  }

  function string(): string {
    const quote = text[at];
    const start = at;
    at += 1;
    let result = '';
    for (;;) {
      const character = text[at];
      if (character === undefined) throw corrupt(text, start, 'a string does not end');
      at += 1;
      if (character === quote) return result;
      result += character === '\\' ? escape() : character;
    }
  }

  function escape(): string {
    const kind = text[at] ?? '';
    at += 1;
    const simple = simpleEscapes[kind];
    if (simple !== undefined) return simple;
    const length = hexEscapes[kind];
    if (length === undefined) {
      const [octal] = /^[0-7]{1,3}/.exec(kind + text.slice(at, at + 2)) ?? [];
      if (octal === undefined) return `\\${kind}`;
      at += octal.length - 1;
      return String.fromCharCode(Number.parseInt(octal, 8));
    }
    const digits = text.slice(at, at + length);
    const point = Number.parseInt(digits, 16);
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length !== length || point > 0x10ffff) {
      throw corrupt(text, at, 'an escape is wrong');
    }
    at += length;
    return String.fromCodePoint(point);
  }

  function sequence(end: string, depth: number): PythonValue[] {
    at += 1;
    const items: PythonValue[] = [];
    for (;;) {
      skipSpace();
      if (text[at] === end) break;
      items.push(value(depth + 1));
      skipSpace();
      if (text[at] === end) break;
      expect(',');
    }
    at += 1;
    return items;
  }

  function dict(depth: number): { [key: string]: PythonValue } {
    at += 1;
    const entries: [string, PythonValue][] = [];
    for (;;) {
      skipSpace();
      if (text[at] === '}') break;
      const start = at;
      const key = value(depth + 1);
      // Python has no such keys either, but for tuples, which barman does not use.
      if (typeof key === 'object' && key !== null) throw corrupt(text, start, 'a key is no plain value');
      expect(':');
      entries.push([String(key), value(depth + 1)]);
      skipSpace();
      if (text[at] === '}') break;
      expect(',');
    }
    at += 1;
    return Object.fromEntries(entries);
  }

  const result = value(0);
  skipSpace();
  if (at < text.length) throw corrupt(text, at, 'something follows the value');
  return result;
}
