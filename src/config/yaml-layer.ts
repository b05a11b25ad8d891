import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isMap, isNode, isScalar, LineCounter, type Pair, parseDocument } from 'yaml';
import { nearest } from '../errors/nearest.ts';
import type { LayerValues, RawValue } from './layer.ts';
import type { ConfigProblem } from './problem.ts';
import { mayComeFrom, type SettingKey, settingKeys, settingName } from './schema.ts';

const keysByName = new Map(settingKeys.map((key) => [settingName(key), key]));
const yamlNames = settingKeys.filter((key) => mayComeFrom(key, 'file')).map(settingName);

/** `odo.yaml` of the working directory when it is there, or the file that was named, which must be there. */
export function readYaml(cwd: string, named: { path: string; provenance: string } | null): LayerValues {
  const file = named === null ? join(cwd, 'odo.yaml') : resolve(cwd, named.path);
  const shown = named === null ? 'odo.yaml' : basename(file);
  const problems: ConfigProblem[] = [];
  const values = new Map<SettingKey, RawValue>();
  const result: LayerValues = { values, problems, warnings: [] };
  const complain = (
    line: number | null,
    key: string,
    message: string,
    suggestion: string | null = null,
  ): void => {
    const where = line === null ? shown : `${shown} line ${line}`;
    problems.push({ where, file, line, key, message, expected: null, suggestion });
  };

  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' && named === null) return result;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    problems.push({
      where: named?.provenance ?? shown,
      file,
      line: null,
      key: 'config',
      message: `the settings file ${file} ${reason}`,
      expected: null,
      suggestion: null,
    });
    return result;
  }

  const counter = new LineCounter();
  const document = parseDocument(content, { lineCounter: counter });
  for (const error of document.errors) {
    // The library's message quotes the text around the error, which may be a secret that does not belong here.
    complain(counter.linePos(error.pos[0]).line, '', `not valid YAML: ${firstSentence(error.message)}`);
  }
  if (problems.length > 0 || document.contents === null) return result;
  if (!isMap(document.contents)) {
    complain(1, '', 'must be a list of "setting: value" lines');
    return result;
  }
  for (const pair of document.contents.items as Pair[]) {
    const line = lineOf(pair, counter);
    const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const key = keysByName.get(name);
    if (key === undefined) {
      complain(line, name, `odo has no setting ${name}`, nearest(name, yamlNames)[0] ?? null);
      continue;
    }
    if (!mayComeFrom(key, 'file')) {
      complain(line, name, `${name} does not belong in a settings file; ${insteadOf(key)}`);
      continue;
    }
    const raw: unknown = isNode(pair.value) ? pair.value.toJS(document) : pair.value;
    if (raw === null) continue;
    values.set(key, {
      raw,
      layer: 'file',
      provenance: line === null ? shown : `${shown} line ${line}`,
      file,
      line,
      baseDirectory: dirname(file),
    });
  }
  return result;
}

function lineOf(pair: Pair, counter: LineCounter): number | null {
  const offset = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
  return offset === undefined ? null : counter.linePos(offset).line;
}

const firstSentence = (message: string): string =>
  message.split('\n')[0]?.replace(/(?: at line |: ).*$/, '') ?? '';

function insteadOf(key: SettingKey): string {
  if (key === 'yes') return 'agree with --yes each time';
  if (key === 'config') return 'name the file with --config';
  return 'keep credentials in the environment or in .env';
}
