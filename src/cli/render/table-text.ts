import { printable, widthOf } from './text.ts';

export interface Column<Row> {
  readonly title: string;
  readonly right?: true;
  /** 1 is shown first where there is little room. */
  readonly rank: number;
  readonly of: (row: Row) => string;
}

const between = '  ';

/**
 * Rows under their titles. Columns that are empty are left out, and of the others those of the weakest rank until the
 * lines fit into `width`; the strongest is always there, and never cut: it is what people copy.
 */
export function tableText<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): { head: string; lines: readonly string[]; shown: readonly string[] } {
  const filled = columns
    .map((column) => {
      const cells = rows.map((row) => printable(column.of(row)));
      return { ...column, cells, width: Math.max(widthOf(column.title), ...cells.map(widthOf)) };
    })
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const kept = new Set<string>();
  let used = -between.length;
  for (const column of filled.toSorted((a, b) => a.rank - b.rank)) {
    const more = column.width + between.length;
    if (kept.size > 0 && used + more > width) continue;
    kept.add(column.title);
    used += more;
  }
  const shown = filled.filter(({ title }) => kept.has(title));
  const lineOf = (textOf: (column: (typeof shown)[number]) => string): string =>
    shown
      .map((column) => {
        const text = textOf(column);
        const padding = ' '.repeat(Math.max(0, column.width - widthOf(text)));
        return column.right ? padding + text : text + padding;
      })
      .join(between)
      .trimEnd();
  return {
    head: lineOf(({ title }) => title),
    lines: rows.map((_, index) => lineOf(({ cells }) => cells[index] ?? '')),
    shown: shown.map(({ title }) => title),
  };
}
