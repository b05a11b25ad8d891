import { OdoError } from '../errors/odo-error.ts';

/** One `name = value` line of a postgresql.conf, its value unquoted. */
export interface SettingLine {
  /** Lower case: names are not case-sensitive (guc-file.l). */
  readonly name: string;
  readonly value: string;
}

const linePattern =
  /^\s*([A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*)?)(?:\s*=\s*|\s+)('(?:[^'\\\n]|\\.|'')*'|[^\s#']+)\s*(?:#.*)?$/;
const directives = ['include', 'include_dir', 'include_if_exists'] as const;

export type IncludeKind = (typeof directives)[number];

const isDirective = (name: string): name is IncludeKind => directives.some((known) => known === name);

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unquoted(text: string): string {
  if (!text.startsWith("'")) return text;
  return text
    .slice(1, -1)
    .replace(/''|\\([0-7]{1,3})|\\(.)/g, (_, octal: string | undefined, other: string | undefined) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      if (other !== undefined) return escapes[other] ?? other;
      return "'";
    });
}

/** Null for a comment, an empty line, an include directive, or a line the server would not understand. */
export function parseSettingLine(line: string): SettingLine | null {
  const parsed = parseNamedValue(line);
  return parsed === null || isDirective(parsed.name) ? null : parsed;
}

/** `include 'custom.conf'` and its kin; null for any other line. */
export function parseIncludeLine(line: string): { kind: IncludeKind; path: string } | null {
  const parsed = parseNamedValue(line);
  return parsed !== null && isDirective(parsed.name) ? { kind: parsed.name, path: parsed.value } : null;
}

function parseNamedValue(line: string): SettingLine | null {
  const [, name, value] = linePattern.exec(line) ?? [];
  return name === undefined || value === undefined
    ? null
    : { name: name.toLowerCase(), value: unquoted(value) };
}

/**
 * A value as a quoted string of postgresql.conf (guc-file.l, `DeescapeQuotedString`, read backwards).
 * @throws USAGE for a NUL, which no setting can hold
 */
export function quoteSetting(value: string): string {
  if (value.includes('\0')) {
    throw new OdoError('USAGE', 'A PostgreSQL setting cannot hold a NUL character.', {
      hint: 'Check the value.',
    });
  }
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `'${escaped}'`;
}

/** `name = 'value'` lines in the order given. */
export function formatSettings(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${quoteSetting(value)}\n`)
    .join('');
}
