/** What is printed under a plan that is written to a file: how it is executed, and room for names. */
export function signatureLines(file: string, width: number): string[] {
  const line = (label: string, columns: number): string => `${label} ${'_'.repeat(columns)}`;
  const room = Math.min(width, 80) - 'approved by '.length - '  date '.length - 16;
  const one = `${line('approved by', room)}  ${line('date', 16)}`;
  // Not wrapped: it is there to be copied.
  return ['', `execute with:  odo start --plan ${quoted(file)}`, '', one, '', one];
}

/** For a shell, where it needs it. */
const quoted = (file: string): string =>
  /^[\w./@%+=:,-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`;
