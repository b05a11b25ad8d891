/**
 * A terminal of `columns` columns, as far as odo uses one: text, line feed, carriage return, cursor up, clear
 * below, colours. A line that is too long wraps, as on a real one, so that a test sees it.
 */
export function screenOf(output: string, columns: number): string[] {
  const rows: string[][] = [[]];
  let row = 0;
  let column = 0;
  const tokens = output.matchAll(/\u001b\[(\d*)([A-Za-z])|[\s\S]/g);
  for (const [token, count = '', command] of tokens) {
    if (command === 'A') row = Math.max(0, row - Number(count || 1));
    else if (command === 'J') {
      rows.length = row + 1;
      rows[row]?.splice(column);
    } else if (command === 'm') continue;
    else if (command !== undefined) throw new Error(`The screen does not know ${JSON.stringify(token)}`);
    else if (token === '\r') column = 0;
    else if (token === '\n') {
      row += 1;
      column = 0;
      rows[row] ??= [];
    } else {
      if (column === columns) {
        row += 1;
        column = 0;
        rows[row] ??= [];
      }
      const cells = rows[row] ?? [];
      while (cells.length < column) cells.push(' ');
      cells[column] = token;
      column += 1;
    }
  }
  const lines = rows.map((cells) => cells.join('').trimEnd());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
