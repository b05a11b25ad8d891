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

/** Names and values, beside each other where there is room; a value without a name belongs to the one before. */
export function factList(rows: readonly NamedValue[]): Markup {
  const facts: { readonly name: string; readonly values: string[] }[] = [];
  for (const { name, value } of rows) {
    const before = facts.at(-1);
    if (name === '' && before !== undefined) before.values.push(value);
    else facts.push({ name, values: [value] });
  }
  return html`<dl class="facts">${facts.map(({ name, values }) => html`<div><dt>${name}</dt>${values.map((value) => html`<dd>${value}</dd>`)}</div>\n`)}</dl>`;
}
