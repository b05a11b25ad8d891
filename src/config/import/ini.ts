import type { OldEntry } from './imported.ts';

export interface Ini {
  readonly hasSections: boolean;
  /** The last of a name counts, as in the programs that read such files. */
  readonly entries: readonly OldEntry[];
  /** Lines that say nothing. */
  readonly unread: readonly number[];
}

/**
 * Sections as pg_backctl has them (`[source]`, `key = value`, a `#` anywhere ends the value), or none, as PostgreSQL
 * has its parameters (the sign may be missing, a quote is doubled inside quotes).
 */
export function parseIni(text: string): Ini {
  const entries = new Map<string, OldEntry>();
  const unread: number[] = [];
  let section: string | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const content = raw.trim();
    if (content === '' || /^[#;]/.test(content)) continue;
    const [, header] = /^\[(.+)\]$/.exec(content) ?? [];
    if (header !== undefined) {
      section = header.trim();
      continue;
    }
    const found = section === null ? parameterIn(content) : pairIn(content);
    if (found === null) unread.push(index + 1);
    else {
      const entry = { section: section ?? '', ...found, line: index + 1 };
      entries.set(`${entry.section}\n${entry.key}`, entry);
    }
  }
  return { hasSections: section !== null, entries: [...entries.values()], unread };
}

function pairIn(line: string): { key: string; value: string } | null {
  const [, key, value] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? [];
  if (key === undefined || value === undefined) return null;
  return { key, value: value.replace(/\s*#.*$/, '').replace(/^["'](.*)["']$/, '$1') };
}

function parameterIn(line: string): { key: string; value: string } | null {
  const [, key, quoted, plain] =
    /^([A-Za-z_][\w.]*)\s*[=\s]\s*(?:'((?:[^'\\]|''|\\.)*)'|([^\s'#]+))\s*(?:#.*)?$/.exec(line) ?? [];
  if (key === undefined) return null;
  const value = quoted === undefined ? plain : quoted.replaceAll("''", "'").replaceAll(/\\(.)/g, '$1');
  return { key: key.toLowerCase(), value: value ?? '' };
}
