/** What tmux captures of a screen with its colours (`capture-pane -e`), as a picture. */

const fontSize = 14;
const columnWidth = 8.4;
const rowHeight = 19;
const margin = 16;
const barHeight = 34;

const colours: Readonly<Record<string, string>> = {
  '31': '#f47067',
  '32': '#6bc46d',
  '33': '#daaa3f',
  '36': '#39c5cf',
};

interface Span {
  readonly column: number;
  readonly text: string;
  readonly style: string;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A line in pieces of one style each, with the style that holds at its end. */
function spansOf(line: string, styleBefore: readonly string[]): { spans: Span[]; codes: readonly string[] } {
  let codes = styleBefore;
  let column = 0;
  const spans: Span[] = [];
  for (const [, sequence, text = ''] of line.matchAll(/\u001b\[([\d;]*)m|([^\u001b]+)/g)) {
    if (sequence !== undefined) {
      for (const code of sequence.split(';')) codes = after(codes, code);
      continue;
    }
    // SVG makes one space of several.
    for (const { 0: words, index } of text.matchAll(/\S+(?: \S+)*/g))
      spans.push({ column: column + index, text: words, style: styleOf(codes) });
    column += text.length;
  }
  return { spans, codes };
}

function after(codes: readonly string[], code: string): readonly string[] {
  if (code === '' || code === '0') return [];
  if (code === '39') return codes.filter((one) => !(one in colours));
  if (code === '22') return codes.filter((one) => one !== '1' && one !== '2');
  return [...codes.filter((one) => !(one in colours && code in colours)), code];
}

function styleOf(codes: readonly string[]): string {
  const colour = codes.map((code) => colours[code]).find((one) => one !== undefined);
  return [
    ...(colour === undefined ? [] : [`fill="${colour}"`]),
    ...(codes.includes('1') ? ['font-weight="bold"'] : []),
    ...(codes.includes('2') ? ['opacity="0.6"'] : []),
  ].join(' ');
}

/** `title` stands in the bar of the window: the command that drew it. */
export function ansiSvg(screen: string, { title, columns }: { title: string; columns: number }): string {
  const lines = screen.trimEnd().split('\n');
  const width = Math.ceil(columns * columnWidth + 2 * margin);
  const height = barHeight + lines.length * rowHeight + margin;
  let codes: readonly string[] = [];
  const texts = lines.flatMap((line, row) => {
    const found = spansOf(line, codes);
    codes = found.codes;
    const y = barHeight + row * rowHeight + fontSize;
    return found.spans.map(({ column, text, style }) => {
      // Fonts differ in width; columns do not.
      const x = (margin + column * columnWidth).toFixed(1);
      const length = (text.length * columnWidth).toFixed(1);
      return `<text x="${x}" y="${y}" textLength="${length}" ${style}>${escaped(text)}</text>`;
    });
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${fontSize}" fill="#d6dbe1">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="#161a20"/>
<text x="${margin}" y="21" fill="#8b95a1">$ ${escaped(title)}</text>
${texts.join('\n')}
</svg>
`;
}
