import type { Output } from '../host.ts';
import { widthOf } from './text.ts';

const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');
const clearBelow = '\u001b[J';

/** One line of the region: its plain text, and how it is coloured once its width is known. */
export interface LiveLine {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/**
 * The last lines of a terminal, redrawn in place. The cursor rests at the end of the last line; no line is ever
 * as wide as the terminal, so that none wraps. After the window became narrower the terminal itself may have
 * wrapped what was drawn: that many rows are taken back. Between that moment and the signal that tells of it, which tmux
 * may hold back for a quarter of a second, a row too few is taken back: a part of an old line stays above.
 */
export class LiveRegion {
  readonly #output: Output;
  #drawn: readonly string[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  /** Room for a line's text. */
  width(): number {
    return Math.max(8, this.#output.columns() - 1);
  }

  /** Only as many lines as the window has rows: what has left it cannot be taken back. */
  draw(all: readonly LiveLine[]): void {
    const lines = all.slice(0, Math.max(1, this.#output.rows() - 1));
    const text = lines.map(({ text, paint }) => (paint === undefined ? text : paint(text))).join('\n');
    this.#output.write(this.#takeBack() + text);
    this.#drawn = lines.map((line) => line.text);
  }

  /** Lines that stay, above the region; the region is gone until it is drawn again. */
  print(lines: readonly string[]): void {
    this.#output.write(`${this.#takeBack()}${lines.map((line) => `${line}\n`).join('')}`);
    this.#drawn = [];
  }

  /** Removes the region and leaves the cursor at the start of its first line. */
  clear(): void {
    if (this.#drawn.length > 0) this.print([]);
  }

  #takeBack(): string {
    if (this.#drawn.length === 0) return '';
    const columns = Math.max(1, this.#output.columns());
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return `\r${up(rows - 1)}${clearBelow}`;
  }
}
