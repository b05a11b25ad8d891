import { isMap, type YAMLMap } from 'yaml';
import { nearest } from '../errors/nearest.ts';
import type { Assertion } from '../steps/drill-request.ts';
import { readAssertions } from './assertions.ts';
import type { LayerValues, RawValue } from './layer.ts';
import { mayComeFrom, type SettingKey, settingKeys, settingName } from './schema.ts';
import { openYaml, type YamlFile } from './yaml-file.ts';

/** What a settings file says: its settings, and the sections that only drills use. */
export interface YamlSettings extends LayerValues {
  /** Asked of every database. */
  readonly assertions: readonly Assertion[];
  /** In the order of the file. */
  readonly databases: ReadonlyMap<string, YamlDatabase>;
}

/** One entry of `databases`: what is different there. */
export interface YamlDatabase {
  readonly values: ReadonlyMap<SettingKey, RawValue>;
  readonly assertions: readonly Assertion[];
}

const keysByName = new Map(settingKeys.map((key) => [settingName(key), key]));
const namesFrom = (layer: 'file' | 'database'): string[] =>
  settingKeys.filter((key) => mayComeFrom(key, layer)).map(settingName);

const settingNames = [...namesFrom('file'), 'assertions', 'databases'];
const databaseSettingNames = [...namesFrom('database'), 'assertions'];

/** As part of run keys, of file names and of lines of output. */
const databaseName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** `odo.yaml` of the working directory when it is there, or the file that was named, which must be there. */
export function readYaml(cwd: string, named: { path: string; provenance: string } | null): YamlSettings {
  return settingsIn(openYaml(cwd, named));
}

export function settingsIn(file: YamlFile): YamlSettings {
  const values = new Map<SettingKey, RawValue>();
  let assertions: readonly Assertion[] = [];
  let databases: ReadonlyMap<string, YamlDatabase> = new Map();
  for (const { name, line, node } of file.root === null ? [] : file.entriesOf(file.root)) {
    if (name === 'assertions') assertions = readAssertions(file, node, line);
    else if (name === 'databases') databases = readDatabases(file, node, line);
    else readSetting(file, { name, line, node }, null, values);
  }
  return { values, problems: file.problems, warnings: [], assertions, databases };
}

function readDatabases(file: YamlFile, node: unknown, line: number | null): Map<string, YamlDatabase> {
  const databases = new Map<string, YamlDatabase>();
  if (file.toPlain(node) == null) return databases;
  if (!isMap(node)) {
    file.complain(
      line,
      'databases',
      'databases must be a list of names, each with its own settings below it',
    );
    return databases;
  }
  for (const entry of file.entriesOf(node)) {
    if (!databaseName.test(entry.name)) {
      file.complain(entry.line, 'databases', `${JSON.stringify(entry.name)} is no name for a database`, {
        expected: 'up to 100 letters, digits and . _ -',
      });
      continue;
    }
    if (file.toPlain(entry.node) == null) databases.set(entry.name, { values: new Map(), assertions: [] });
    else if (isMap(entry.node)) databases.set(entry.name, readDatabase(file, entry.name, entry.node));
    else file.complain(entry.line, entry.name, `${entry.name} must have "setting: value" lines below it`);
  }
  return databases;
}

function readDatabase(file: YamlFile, database: string, node: YAMLMap): YamlDatabase {
  const values = new Map<SettingKey, RawValue>();
  let assertions: readonly Assertion[] = [];
  for (const entry of file.entriesOf(node)) {
    if (entry.name === 'assertions') assertions = readAssertions(file, entry.node, entry.line);
    else readSetting(file, entry, database, values);
  }
  return { values, assertions };
}

function readSetting(
  file: YamlFile,
  { name, line, node }: { name: string; line: number | null; node: unknown },
  database: string | null,
  values: Map<SettingKey, RawValue>,
): void {
  const layer = database === null ? 'file' : 'database';
  const key = keysByName.get(name);
  if (key === undefined) {
    const known = database === null ? settingNames : databaseSettingNames;
    const suggestion = nearest(name, known)[0] ?? null;
    file.complain(line, name, `odo has no setting ${name}`, { suggestion });
    return;
  }
  if (!mayComeFrom(key, layer)) {
    file.complain(line, name, `${name} does not belong ${insteadOf(key, database)}`);
    return;
  }
  const raw = file.toPlain(node);
  if (raw == null) return;
  values.set(key, {
    raw,
    layer,
    ...file.originOf(line, database === null ? null : `databases.${database}`),
  });
}

function insteadOf(key: SettingKey, database: string | null): string {
  if (database !== null && mayComeFrom(key, 'file')) {
    return `to one database; it is for all of them, at the top of the file`;
  }
  const inFile = 'in a settings file; ';
  if (key === 'yes') return `${inFile}agree with --yes each time`;
  if (key === 'config') return `${inFile}name the file with --config`;
  return `${inFile}keep credentials in the environment or in .env`;
}
