import { OdoError } from '../errors/odo-error.ts';

export interface TablespaceMapEntry {
  /** OID, decimal. */
  readonly oid: string;
  /** Absolute path as the server sees it. */
  readonly path: string;
}

const corrupt = (what: string) =>
  new OdoError('FORMAT_UNKNOWN', `The tablespace map cannot be read: ${what}.`, {
    hint: 'The server would refuse it too. Choose another backup, or fetch the map again from the source.',
  });

/**
 * One line per tablespace, `<oid> <path>`; a backslash makes the next character (newline, CR, backslash) part of
 * the path (xlogrecovery.c, `read_tablespace_map`).
 * @throws FORMAT_UNKNOWN also for a missing final newline, which the server refuses
 */
export function parseTablespaceMap(text: string): TablespaceMapEntry[] {
  const entries: TablespaceMapEntry[] = [];
  let line = '';
  let escaped = false;
  for (const character of text) {
    if (!escaped && character === '\\') {
      escaped = true;
    } else if (!escaped && (character === '\n' || character === '\r')) {
      // A bare CR also ends a line for the server; empty lines are skipped.
      if (line !== '') entries.push(entryOf(line));
      line = '';
    } else {
      line += character;
      escaped = false;
    }
  }
  if (line !== '' || escaped) throw corrupt('its last line has no end');
  return entries;
}

function entryOf(line: string): TablespaceMapEntry {
  const [, oid, path] = /^(\d{1,10}) ([\s\S]+)$/.exec(line) ?? [];
  if (oid === undefined || path === undefined) {
    throw corrupt(`${JSON.stringify(line.slice(0, 60))} is not an OID and a path`);
  }
  return { oid, path };
}

/** The text of a map, escaped as the server writes it (basebackup / xlog.c, `do_pg_backup_start`). */
export function formatTablespaceMap(entries: readonly TablespaceMapEntry[]): string {
  return entries.map(({ oid, path }) => `${oid} ${path.replace(/[\n\r\\]/g, '\\$&')}\n`).join('');
}
