import { addedFirst, addedLast, type ConfigurationEdit } from '../edit-configuration.ts';
import type { Origin } from './server-view.ts';

/** One record of pg_hba.conf or pg_ident.conf, split into its fields. */
export interface AccessRecord {
  /** From 1; of its first line, when it goes on behind a backslash. */
  readonly line: number;
  /** More than one cannot be edited in place. */
  readonly lineCount: number;
  /** Quotes taken off. */
  readonly fields: readonly string[];
}

/** The records of a pg_hba.conf or pg_ident.conf (libpq/hba.c, `tokenize_auth_file`). */
export function parseAccessFile(text: string): AccessRecord[] {
  const lines = text.split('\n');
  const records: AccessRecord[] = [];
  for (let index = 0; index < lines.length; index++) {
    const first = index;
    let whole = (lines[index] ?? '').trimEnd();
    while (whole.endsWith('\\') && index + 1 < lines.length)
      whole = `${whole.slice(0, -1)}${(lines[++index] ?? '').trimEnd()}`;
    const fields = fieldsOf(whole);
    if (fields.length > 0) records.push({ line: first + 1, lineCount: index - first + 1, fields });
  }
  return records;
}

/** A comma joins words to one field; `#` outside quotes ends the line. */
function fieldsOf(line: string): string[] {
  const words = line.match(/#.*|(?:"[^"]*"|[^\s#"])+/g) ?? [];
  const fields: string[] = [];
  for (const word of words) {
    if (word.startsWith('#')) break;
    const last = fields.at(-1);
    if (last !== undefined && (last.endsWith(',') || word.startsWith(','))) fields[fields.length - 1] += word;
    else fields.push(word);
  }
  return fields.map((field) => field.replaceAll('"', ''));
}

interface HostRule extends AccessRecord {
  readonly type: string;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  /** Null for `local`; a mask of its own stands behind a blank. */
  readonly address: string | null;
  readonly method: string;
  readonly options: readonly string[];
}

const isMask = (field: string | undefined): boolean =>
  /^(?:\d+\.){3}\d+$|^[\da-f:]*:[\da-f:.]*$/i.test(field ?? '');

function hostRuleOf(record: AccessRecord): HostRule | null {
  const [type = '', databases = '', users = '', ...rest] = record.fields;
  const isLocal = type === 'local';
  if (!isLocal && !/^host(?:no)?(?:ssl|gssenc)?$/.test(type)) return null;
  const address = isLocal ? null : (rest.shift() ?? '');
  const mask = !isLocal && isMask(rest[0]) ? ` ${rest.shift()}` : '';
  const [method = '', ...options] = rest;
  return {
    ...record,
    type,
    databases: databases.split(','),
    users: users.split(','),
    address: address === null ? null : `${address}${mask}`,
    method: method.toLowerCase(),
    options,
  };
}

export interface AccessView {
  readonly kind: 'container' | 'local';
  readonly origin: Origin | null;
  /** TLS is on in the restored server. */
  readonly ssl: boolean;
  /** Whom to get in for. */
  readonly superuser: string;
  /** Name of the operating system's user that the server runs as. */
  readonly systemUser: string;
  readonly hba: string;
  readonly ident: string;
}

const passwordMethods = ['scram-sha-256', 'md5', 'password'];

const localWhy = 'otherwise nobody could log in over the socket';
const remoteWhy = 'otherwise nobody could log in over the network';

/**
 * Edits of a pg_hba.conf that would lock everybody out of the restored server. What is added is never wider than what
 * the official image begins with: `trust` on the socket of a container, passwords over the network.
 */
export function openAccess(view: AccessView, file = 'pg_hba.conf'): ConfigurationEdit[] {
  const rules = parseAccessFile(view.hba).flatMap((record) => hostRuleOf(record) ?? []);
  const base = { rule: 'host-access', file, what: 'pg_hba.conf record' };
  const edits: ConfigurationEdit[] = [];
  const translated: HostRule[] = [];
  for (const rule of view.ssl ? [] : rules) {
    if (rule.type !== 'hostssl' || !passwordMethods.includes(rule.method) || rule.lineCount > 1) continue;
    translated.push({ ...rule, type: 'host' });
    const replacement = withoutTls(rule);
    edits.push({ ...base, line: rule.line, replacement, why: 'TLS is off, so that hostssl admits nobody' });
  }
  const remote = [
    ...rules.filter(({ line }) => !translated.some((other) => other.line === line)),
    ...translated,
  ];
  if (!remote.some((rule) => admitsRemote(rule, view))) {
    edits.push({ ...base, line: addedLast, replacement: 'host all all all scram-sha-256', why: remoteWhy });
  }
  if (!admitsLocally(rules, view)) {
    const method = view.kind === 'container' ? 'trust' : 'peer';
    const replacement = `local all "${view.superuser}" ${method}`;
    edits.push({ ...base, line: addedFirst, replacement, why: localWhy });
  }
  return edits;
}

/** A password that is not in the clear by itself; `password` would be without TLS. */
function withoutTls({ databases, users, address, method }: HostRule): string {
  const quoted = (names: readonly string[]) => names.map(quoteName).join(',');
  return `host ${quoted(databases)} ${quoted(users)} ${address} ${method === 'password' ? 'scram-sha-256' : method}`;
}

const quoteName = (name: string): string => (/^[\w@+/.-]+$/.test(name) ? name : `"${name}"`);

function admitsRemote(rule: HostRule, view: AccessView): boolean {
  if (rule.address === null || rule.method === 'reject' || rule.method === 'ident') return false;
  if (rule.databases.every((name) => name === 'replication')) return false;
  if ((rule.type === 'hostssl' || rule.method === 'cert') && !view.ssl) return false;
  if (rule.type === 'hostgssenc') return false;
  // The clients of a packaged server were on its host; those of a container are not.
  const isMoved = view.kind === 'container' && view.origin !== null;
  return !isMoved || !isLoopback(rule.address);
}

const isLoopback = (address: string): boolean =>
  /^(?:127\.|::1(?:\/|$| )|localhost$|samehost$)/.test(address);

/** The first record that matches decides. */
function admitsLocally(rules: readonly HostRule[], view: AccessView): boolean {
  if (view.kind === 'local' && rules.length === 0) return false;
  const first = rules.find(
    ({ type, users, databases }) =>
      type === 'local' &&
      users.some(
        (name) => name === 'all' || name === view.superuser || name.startsWith('+') || name.startsWith('/'),
      ) &&
      databases.some((name) => name === 'all' || name === 'postgres' || name === 'sameuser'),
  );
  if (first === undefined || first.method === 'reject') return false;
  if (first.method !== 'peer' && first.method !== 'ident') return true;
  const map = first.options.find((option) => option.startsWith('map='))?.slice('map='.length);
  if (map === undefined) return view.systemUser === view.superuser;
  return parseAccessFile(view.ident).some(
    ({ fields: [name, system = '', role] }) =>
      name === map &&
      (role === view.superuser || role === 'all' || system.startsWith('/')) &&
      (system === view.systemUser || system.startsWith('/')),
  );
}
