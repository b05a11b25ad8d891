import type { NamedValue } from '../facts.ts';
import { type Content, html, type Markup } from './markup.ts';

export interface Column {
  readonly title: string;
  /** Digits under digits. */
  readonly numeric?: boolean;
}

/**
 * A table in a box of its own that scrolls when the page is narrower: the page itself never does. The box takes the
 * focus, for a reader without a pointer.
 */
export function scrollingTable(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Markup {
  const cell = (content: Content, index: number): Markup => {
    if (index === 0) return html`<th scope="row">${content}</th>`;
    return columns[index]?.numeric === true
      ? html`<td class="num">${content}</td>`
      : html`<td>${content}</td>`;
  };
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ title, numeric }) => html`<th scope="col"${numeric === true ? html` class="num"` : null}>${title}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => html`<tr>${cells.map(cell)}</tr>\n`)}</tbody>
</table></div>`;
}

/** Names and values, beside each other where there is room. */
export const factList = (rows: readonly NamedValue[]): Markup =>
  html`<dl class="facts">${rows.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>`;
