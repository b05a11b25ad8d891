import { type Document, isMap, isNode, isScalar, type Pair, type YAMLMap } from 'yaml';

/** Real name of a volume by its entry under `volumes`; null when a variable is in it. */
export function volumeNameOf(entry: unknown, alias: string, project: string): string | null {
  const { name, external } = (entry ?? {}) as { name?: unknown; external?: unknown };
  // `external: {name: …}` is the form of Compose file version 2.
  const externalName =
    typeof external === 'object' && external !== null && 'name' in external && external.name;
  const explicit = name ?? (externalName || undefined);
  const real = explicit ?? (external === undefined || external === false ? `${project}_${alias}` : alias);
  return typeof real === 'string' && !real.includes('$') ? real : null;
}

interface NewEntry {
  readonly toAlias: string;
  readonly toVolume: string;
  readonly project: string;
}

/** Adds the entry under the top-level `volumes` (which is no alias), in the style that is there. */
export function addVolumeEntry(text: string, document: Document, entry: NewEntry): string {
  const root = document.contents as YAMLMap;
  const pair = root.items.find(({ key }) => isScalar(key) && key.value === 'volumes');
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  if (pair === undefined && root.flow) {
    return insert(text, afterBrace(root), `"volumes": {${flowEntry(entry)}}, `);
  }
  if (pair === undefined) {
    const end = endOfContent(text, root);
    const block = ['', 'volumes:', ...blockEntry(entry, '  ', '  ')].join(eol);
    return insert(text, end, `${eol}${block}${end === text.length ? eol : ''}`);
  }
  const volumes = pair.value;
  if (isMap(volumes) && volumes.flow) {
    return insert(text, afterBrace(volumes), `${flowEntry(entry)}${volumes.items.length > 0 ? ', ' : ''}`);
  }
  const [first, last] = isMap(volumes) ? [volumes.items[0], volumes.items.at(-1)] : [undefined, undefined];
  const indent = first === undefined ? '  ' : indentOf(text, startOf(first));
  // After the last entry's own line(s); without entries, after the line of `volumes:` itself.
  const at = endOfLine(text, endOfPair(text, last ?? pair));
  const block = blockEntry(entry, indent, indent || '  ').join(eol);
  return insert(text, at, `${eol}${block}`);
}

function isDefaultName({ toAlias, toVolume, project }: NewEntry): boolean {
  return toVolume === `${project}_${toAlias}`;
}

/** Quoted, so that a file which is JSON stays JSON. */
function flowEntry(entry: NewEntry): string {
  return isDefaultName(entry)
    ? `"${entry.toAlias}": {}`
    : `"${entry.toAlias}": {"name": "${entry.toVolume}", "external": true}`;
}

/** External: Compose then neither creates nor removes a volume whose name is not one it would give. */
function blockEntry(entry: NewEntry, indent: string, step: string): string[] {
  const head = `${indent}${entry.toAlias}:`;
  if (isDefaultName(entry)) return [head];
  return [head, `${indent}${step}name: ${entry.toVolume}`, `${indent}${step}external: true`];
}

const insert = (text: string, at: number, added: string): string =>
  text.slice(0, at) + added + text.slice(at);

const startOf = (pair: Pair): number => (isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0);

const afterBrace = (map: YAMLMap): number => (map.range?.[0] ?? 0) + 1;

function indentOf(text: string, offset: number): string {
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
}

/** Where the last character of an entry's key or value is. An empty value has no position of its own to trust. */
function endOfPair(text: string, pair: Pair): number {
  const { key, value } = pair;
  const keyEnd = isNode(key) ? (key.range?.[1] ?? 0) : 0;
  const isEmpty = !isNode(value) || (isScalar(value) && value.value === null && !value.source);
  return isEmpty ? keyEnd : trimmedEnd(text, value.range?.[1] ?? keyEnd);
}

function endOfContent(text: string, root: YAMLMap): number {
  const last = root.items.at(-1);
  return last === undefined ? text.length : endOfLine(text, endOfPair(text, last));
}

function trimmedEnd(text: string, end: number): number {
  let at = end;
  while (at > 0 && /\s/.test(text[at - 1] ?? '')) at -= 1;
  return at;
}

/** A comment at the end of the line belongs to what stands in front of it. */
function endOfLine(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  if (newline === -1) return text.length;
  return text[newline - 1] === '\r' && newline - 1 >= offset ? newline - 1 : newline;
}
