import { nearest } from '../errors/nearest.ts';
import type { Assertion } from '../steps/drill-request.ts';
import { assertionsOf } from './assertions.ts';
import { readDotenv, readEnvironment } from './environment-layer.ts';
import type { LayerValues, RawValue } from './layer.ts';
import { parseValue } from './parse-value.ts';
import { type ConfigProblem, configInvalid } from './problem.ts';
import {
  choices,
  type Layer,
  type SettingKey,
  type Settings,
  settingKeys,
  settingName,
  settingOf,
  layers as strongestFirst,
} from './schema.ts';
import { type HostClock, readTimeWords, timeReading } from './time-words.ts';
import { readYaml, type YamlDatabase, type YamlSettings } from './yaml-layer.ts';

/** A flag as it was given: text, true and false for switches, a list for one that repeats. */
export type FlagValue = string | boolean | readonly string[];
export type FlagValues = Readonly<Partial<Record<SettingKey, FlagValue>>>;

export interface LoadedSettings {
  readonly settings: Settings;
  /** Where each value comes from: `flag -u`, `environment ODO_URL`, `.env line 3`, `odo.yaml line 4`, `odo.yaml line 9 (databases.orders)`, `default`. */
  readonly provenance: Readonly<Record<SettingKey, string>>;
  /** Null for a default. */
  readonly layers: Readonly<Record<SettingKey, Layer | null>>;
  /** Things to tell that do not stop the command. */
  readonly warnings: readonly string[];
  /** Times that were given in words, and what they were taken for. */
  readonly readings: readonly string[];
  /** The clock by which times are in the past or not. */
  readonly clock: HostClock;
  /** What a drill asks of the restored database: of all databases, and of the chosen one. */
  readonly assertions: readonly Assertion[];
  /** Names in `databases` of odo.yaml, in its order. */
  readonly databases: readonly string[];
  /** The chosen one of them. */
  readonly database: string | null;
}

export interface LoadInput {
  readonly flags: FlagValues;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The settings the command uses: others may be wrong without stopping it. */
  readonly keys: readonly SettingKey[];
  readonly clock: HostClock;
  /** Name in `databases` of odo.yaml, whose settings come before those of all databases. */
  readonly database?: string | null;
}

/**
 * flags > environment > .env > the database's own in odo.yaml > odo.yaml > defaults, setting by setting. Throws one CONFIG_INVALID with every
 * problem of every layer.
 */
export function loadSettings({ flags, env, cwd, keys, clock, database = null }: LoadInput): LoadedSettings {
  const flagLayer = readFlags(flags, cwd);
  const environment = readEnvironment(env, cwd);
  const named = flagLayer.values.get('config') ?? environment.values.get('config');
  const yaml = readYaml(
    cwd,
    named === undefined ? null : { path: String(named.raw), provenance: named.provenance },
  );
  const own = database === null ? null : (yaml.databases.get(database) ?? null);
  const stack = [flagLayer, environment, readDotenv(cwd), layerOf(own), yaml];
  const problems = stack.flatMap((layer) => layer.problems);
  if (database !== null && own === null) problems.push(unknownDatabase(database, yaml));

  const settings: Record<string, unknown> = {};
  const provenance: Record<string, string> = {};
  const layers: Record<string, Layer | null> = {};
  const readings: string[] = [];
  for (const key of settingKeys) {
    const found = keys.includes(key)
      ? stack.find((layer) => layer.values.has(key))?.values.get(key)
      : undefined;
    const time = readTime(key, found, clock);
    if (time !== null) readings.push(`${settingName(key)}: ${timeReading(time.words, time.raw, clock)}`);
    const one = time ?? found;
    const parsed = one === undefined ? null : parseValue(key, one);
    if (parsed !== null && !parsed.ok) problems.push(parsed.problem);
    const given = parsed?.ok === true && one !== undefined;
    settings[key] = given ? parsed.value : defaultOf(key);
    provenance[key] = given ? one.provenance : 'default';
    layers[key] = given ? one.layer : null;
  }
  if (problems.length > 0) throw configInvalid(problems);

  for (const hidden of hiddenChoices(settings, layers)) {
    settings[hidden] = defaultOf(hidden);
    provenance[hidden] = 'default';
    layers[hidden] = null;
  }
  return Object.freeze({
    settings: Object.freeze(settings) as Settings,
    provenance: provenance as Record<SettingKey, string>,
    layers: layers as Record<SettingKey, Layer | null>,
    warnings: stack.flatMap((layer) => layer.warnings),
    readings,
    clock,
    assertions: assertionsOf(yaml.assertions, own?.assertions ?? []),
    databases: [...yaml.databases.keys()],
    database,
  });
}

const layerOf = (own: YamlDatabase | null): LayerValues => ({
  values: own?.values ?? new Map(),
  problems: [],
  warnings: [],
});

function unknownDatabase(database: string, yaml: YamlSettings): ConfigProblem {
  const known = [...yaml.databases.keys()];
  return {
    where: `database ${database}`,
    file: null,
    line: null,
    key: 'database',
    message: 'there is no such entry below databases in odo.yaml',
    expected: known.length === 0 ? null : `one of ${known.join(', ')}`,
    suggestion: nearest(database, known)[0] ?? null,
  };
}

/** The value with the time that its words mean; null for any other. */
function readTime(
  key: SettingKey,
  found: RawValue | undefined,
  clock: HostClock,
): (RawValue & { readonly raw: string; readonly words: string }) | null {
  if (settingOf(key).isTime !== true || typeof found?.raw !== 'string') return null;
  const time = readTimeWords(found.raw, clock);
  return time === null ? null : { ...found, raw: time, words: found.raw };
}

function readFlags(flags: FlagValues, cwd: string): LayerValues {
  const values = new Map<SettingKey, RawValue>();
  for (const key of settingKeys) {
    const raw = flags[key];
    if (raw === undefined) continue;
    values.set(key, {
      raw,
      layer: 'flag',
      provenance: flagOf(key, raw),
      file: null,
      line: null,
      baseDirectory: cwd,
    });
  }
  return { values, problems: [], warnings: [] };
}

/** `flag -u`, `flag --no-promote` */
function flagOf(key: SettingKey, raw: FlagValue): string {
  const no = raw === false ? 'no-' : '';
  return `flag ${(no === '' ? settingOf(key).short : undefined) ?? `--${no}${settingName(key)}`}`;
}

function defaultOf(key: SettingKey): unknown {
  const { value, default: text } = settingOf(key);
  return text === null ? null : value.parse(text);
}

/** `-V new` on the command line hides `volume: pgdata` of odo.yaml: both choose the target. */
function hiddenChoices(
  settings: Readonly<Record<string, unknown>>,
  layers: Readonly<Record<string, Layer | null>>,
) {
  const strength: readonly (Layer | null)[] = strongestFirst;
  return Object.values(choices).flatMap((group) => {
    const made = group.filter((key) => settings[key] !== null && settings[key] !== false);
    const strongest = Math.min(...made.map((key) => strength.indexOf(layers[key] ?? null)));
    return made.filter((key) => strength.indexOf(layers[key] ?? null) > strongest);
  });
}
