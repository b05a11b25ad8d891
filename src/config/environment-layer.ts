import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { nearest } from '../errors/nearest.ts';
import type { LayerValues, RawValue } from './layer.ts';
import type { ConfigProblem } from './problem.ts';
import { mayComeFrom, type SettingKey, settingKeys, settingOf } from './schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of odo that are no settings. */
const otherVariables = ['ODO_DEBUG', 'ODO_FAILPOINT', 'ODO_FAILPOINT_SIGNAL', 'ODO_FAILPOINT_TRACE'];

const settingVariables = settingKeys.flatMap((key) => settingOf(key).env);
const ownVariables = settingVariables.filter((name) => name.startsWith('ODO_'));

export function readEnvironment(env: Environment, cwd: string): LayerValues {
  const values = pick(env, 'environment', (name) => ({
    provenance: `environment ${name}`,
    file: null,
    line: null,
    baseDirectory: cwd,
  }));
  // Others may set ODO_… too (a Kubernetes Service named odo does), so that only a near miss is worth a word.
  const warnings = Object.keys(env).flatMap((name) => {
    if (!isUnknownOwn(name)) return [];
    const [meant] = nearest(name, ownVariables);
    return meant === undefined
      ? []
      : [`The environment variable ${name} is unknown and not used. Did you mean ${meant}?`];
  });
  return { values, problems: [], warnings };
}

/** `.env` of the working directory, which other programs share: only ODO_… that odo does not know is a problem. */
export function readDotenv(cwd: string): LayerValues {
  const file = join(cwd, '.env');
  const content = readOptional(file);
  if (content === null) return { values: new Map(), problems: [], warnings: [] };
  const env = parseEnv(content);
  const lines = linesOf(content);
  const values = pick(env, 'dotenv', (name) => {
    const line = lines.get(name) ?? null;
    return { provenance: line === null ? '.env' : `.env line ${line}`, file, line, baseDirectory: cwd };
  });
  const problems = Object.keys(env)
    .filter(isUnknownOwn)
    .map((name): ConfigProblem => {
      const line = lines.get(name) ?? null;
      return {
        where: line === null ? '.env' : `.env line ${line}`,
        file,
        line,
        key: name,
        message: `odo has no setting ${name}`,
        expected: null,
        suggestion: nearest(name, ownVariables)[0] ?? null,
      };
    });
  return { values, problems, warnings: [] };
}

const isUnknownOwn = (name: string): boolean =>
  name.startsWith('ODO_') && !ownVariables.includes(name) && !otherVariables.includes(name);

function pick(
  env: Environment,
  layer: 'environment' | 'dotenv',
  origin: (name: string) => Omit<RawValue, 'raw' | 'layer'>,
): Map<SettingKey, RawValue> {
  const values = new Map<SettingKey, RawValue>();
  for (const key of settingKeys) {
    if (!mayComeFrom(key, layer)) continue;
    // An empty variable is how shells and Compose files say "not set".
    const name = settingOf(key).env.find((one) => env[one] !== undefined && env[one] !== '');
    if (name !== undefined) values.set(key, { raw: env[name], layer, ...origin(name) });
  }
  return values;
}

/** Where each variable is set; parseEnv takes the last one of a name, and so does this. */
function linesOf(content: string): Map<string, number> {
  const lines = new Map<string, number>();
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    const name = /^\s*(?:export\s+)?([\w.-]+)\s*=/.exec(line)?.[1];
    if (name !== undefined) lines.set(name, index + 1);
  }
  return lines;
}

function readOptional(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // A directory named .env (Python's virtual environments) or an unreadable one is not ours to complain about
    // unless something is missing then, which is said there.
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}
