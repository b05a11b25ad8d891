/** Text from stores, servers and files must not drive the terminal: control characters become spaces. */
export const printable = (text: string): string =>
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();

/** Columns the text takes; everything from Hangul on counts as wide, which may leave room but never wraps. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text)
    width += (character.codePointAt(0) ?? 0) >= 0x1100 && !narrow.has(character) ? 2 : 1;
  return width;
}

/** Signs of our own above U+1100 that take one column. */
const narrow = new Set(['…', '’', '“', '”', '–', '→']);

/** Cut to `width` columns, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let result = '';
  let used = 0;
  for (const character of text) {
    const next = widthOf(character);
    if (used + next > width - 1) break;
    result += character;
    used += next;
  }
  return width < 1 ? '' : `${result}…`;
}

/** Lines of at most `width` columns, broken between words, or inside a word that alone is too long. */
export function wrap(text: string, width: number): string[] {
  const limit = Math.max(8, width);
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(/ +/)) {
    while (widthOf(word) > limit) {
      const room = line === '' ? limit : limit - widthOf(line) - 1;
      if (room < 8) {
        lines.push(line);
        line = '';
        continue;
      }
      const [head, rest] = splitAt(word, room);
      lines.push(line === '' ? head : `${line} ${head}`);
      line = '';
      word = rest;
    }
    if (line === '') line = word;
    else if (widthOf(line) + 1 + widthOf(word) <= limit) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

function splitAt(word: string, width: number): [string, string] {
  let used = 0;
  let index = 0;
  for (const character of word) {
    used += widthOf(character);
    if (used > width) break;
    index += character.length;
  }
  return [word.slice(0, index), word.slice(index)];
}

/** `label` in a column of its own, the text wrapped beside it. */
export function labelled(
  label: string,
  text: string,
  options: { labelWidth: number; width: number },
): string[] {
  const { labelWidth, width } = options;
  return wrap(printable(text), width - labelWidth).map(
    (line, index) => (index === 0 ? label : '').padEnd(labelWidth) + line,
  );
}

export const indented = (text: string, indent: number, width: number): string[] =>
  wrap(printable(text), width - indent).map((line) => ' '.repeat(indent) + line);
