import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { RawValue } from './layer.ts';
import type { ConfigProblem } from './problem.ts';

/** A settings file, with the line of everything in it. */
export interface YamlFile {
  /** Null: there is none, it is empty, or it is not what it should be, as `problems` says. */
  readonly root: YAMLMap | null;
  readonly problems: ConfigProblem[];
  complain(line: number | null, key: string, message: string, more?: Complaint): void;
  /** Where a setting of this file is from; `section` as `databases.orders`. */
  originOf(line: number | null, section: string | null): Omit<RawValue, 'raw' | 'layer'>;
  entriesOf(map: YAMLMap): YamlEntry[];
  lineAt(node: unknown): number | null;
  toPlain(node: unknown): unknown;
}

export interface YamlEntry {
  readonly name: string;
  readonly line: number | null;
  readonly node: unknown;
}

interface Complaint {
  readonly expected?: string;
  readonly suggestion?: string | null;
}

/** `odo.yaml` of the working directory when it is there, or the file that was named, which must be there. */
export function openYaml(cwd: string, named: { path: string; provenance: string } | null): YamlFile {
  const file = named === null ? join(cwd, 'odo.yaml') : resolve(cwd, named.path);
  const shown = named === null ? 'odo.yaml' : basename(file);
  try {
    return yamlFileOf(readFileSync(file, 'utf8'), file, shown);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const nothing = yamlFileOf('', file, shown);
    if (code === 'ENOENT' && named === null) return nothing;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    nothing.problems.push({
      where: named?.provenance ?? shown,
      file,
      line: null,
      key: 'config',
      message: `the settings file ${file} ${reason}`,
      expected: null,
      suggestion: null,
    });
    return nothing;
  }
}

/** The text of a settings file that lies at `file`, or will. */
export function yamlFileOf(content: string, file: string, shown: string): YamlFile {
  const problems: ConfigProblem[] = [];
  const counter = new LineCounter();
  const atLine = (line: number | null): string => (line === null ? shown : `${shown} line ${line}`);
  const lineAt = (node: unknown): number | null => {
    const offset = isNode(node) ? node.range?.[0] : undefined;
    return offset === undefined ? null : counter.linePos(offset).line;
  };
  const complain: YamlFile['complain'] = (line, key, message, { expected, suggestion } = {}) => {
    problems.push({
      where: atLine(line),
      file,
      line,
      key,
      message,
      expected: expected ?? null,
      suggestion: suggestion ?? null,
    });
  };
  const document = parseDocument(content, { lineCounter: counter, logLevel: 'error' });
  const fileOf = (root: YAMLMap | null): YamlFile => ({
    root,
    problems,
    complain,
    originOf: (line, section) => ({
      provenance: section === null ? atLine(line) : `${atLine(line)} (${section})`,
      file,
      line,
      baseDirectory: dirname(file),
    }),
    entriesOf: (map) =>
      (map.items as Pair[]).map(({ key, value }) => ({
        name: isScalar(key) ? String(key.value) : String(key),
        line: lineAt(key),
        node: value,
      })),
    lineAt,
    toPlain: (node) => (isNode(node) ? node.toJS(document) : node),
  });

  for (const error of document.errors) {
    // The library's message quotes the text around the error, which may be a secret that does not belong here.
    complain(counter.linePos(error.pos[0]).line, '', `not valid YAML: ${firstSentence(error.message)}`);
  }
  if (problems.length === 0) {
    const message = unresolvable(document);
    if (message !== null) complain(null, '', `not valid YAML: ${firstSentence(message)}`);
  }
  if (problems.length > 0 || document.contents === null) return fileOf(null);
  if (!isMap(document.contents)) {
    complain(1, '', 'must be a list of "setting: value" lines');
    return fileOf(null);
  }
  return fileOf(document.contents);
}

/** Aliases are followed only when values are taken out: one of nothing, or of aliases of aliases, throws there. */
function unresolvable(document: Document): string | null {
  try {
    document.toJS();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const firstSentence = (message: string): string =>
  message.split('\n')[0]?.replace(/(?: at line |: ).*$/, '') ?? '';
