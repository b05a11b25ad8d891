/** A line of the plan under its label; an empty label goes on with the one above. */
export type Row = readonly [label: string, text: string];

/** One row for a list, none for an empty one. */
export const listRow = (label: string, texts: readonly string[]): Row[] =>
  texts.length === 0 ? [] : [[label, texts.join(', ')]];

/** The first `most` rows, and how many there are behind them. */
export const capped = (rows: readonly Row[], most: number): Row[] =>
  rows.length <= most ? [...rows] : [...rows.slice(0, most), ['', `and ${rows.length - most} more`]];
