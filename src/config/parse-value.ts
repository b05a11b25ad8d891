import { resolve } from 'node:path';
import type { z } from 'zod';
import type { RawValue } from './layer.ts';
import type { ConfigProblem } from './problem.ts';
import { withoutSecrets } from './redact.ts';
import { expectedOf, type SettingKey, settingName, settingOf } from './schema.ts';

type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: ConfigProblem };

/** The value as its setting takes it, paths made absolute. */
export function parseValue(key: SettingKey, one: RawValue): Parsed {
  const setting = settingOf(key);
  const result = setting.value.safeParse(one.raw);
  if (result.success) {
    const { data } = result;
    return { ok: true, value: setting.isPath ? resolved(data, one.baseDirectory) : data };
  }
  const raws = setting.repeats && Array.isArray(one.raw) ? one.raw : [one.raw];
  const shown = setting.secret ? 'is not valid' : `is ${raws.map(show).join(', ')}`;
  const { file, line, provenance: where } = one;
  const name = settingName(key);
  return {
    ok: false,
    problem: {
      where,
      file,
      line,
      key: name,
      message: `${name} ${shown}`,
      expected: expectedOf(key),
      suggestion: suggestionOf(result.error),
    },
  };
}

const resolved = (value: unknown, directory: string): unknown => {
  if (Array.isArray(value)) return value.map((one) => resolved(one, directory));
  return typeof value === 'string' ? resolve(directory, value) : value;
};

/** What a value's own check thinks was meant. */
function suggestionOf({ issues }: z.ZodError): string | null {
  const [issue] = issues;
  const suggestion: unknown = issue?.code === 'custom' ? issue.params?.suggestion : undefined;
  return typeof suggestion === 'string' ? suggestion : null;
}

function show(raw: unknown): string {
  if (typeof raw === 'string') return JSON.stringify(withoutSecrets(raw));
  return typeof raw === 'object' ? 'a list or a group' : String(raw);
}
