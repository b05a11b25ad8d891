/** Of a process of this host. */
export interface ProcessStat {
  /** The first 15 characters of its program's name. */
  readonly name: string;
  /** Since the boot. @unit clock ticks */
  readonly start: string;
}

/**
 * /proc/<pid>/stat (proc(5)), whose command name may contain spaces and parentheses. Null of a process that has ended, and
 * that its parent has not asked about yet.
 */
export function parseProcessStat(stat: string): ProcessStat | null {
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const [state] = fields;
  const start = fields[19];
  if (state === 'Z' || state === 'X' || start === undefined) return null;
  return { name: stat.slice(stat.indexOf('(') + 1, end), start };
}
