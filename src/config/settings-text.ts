import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { parseValue } from './parse-value.ts';
import type { ConfigProblem } from './problem.ts';
import { type SettingKey, settingName } from './schema.ts';
import { yamlFileOf } from './yaml-file.ts';
import { settingsIn } from './yaml-layer.ts';

/** A line of a settings file that odo writes, with what is said above it. */
export interface WrittenSetting {
  readonly key: SettingKey;
  readonly value: string | boolean | readonly string[];
  readonly comment: readonly string[];
  /** Stands there as a comment: something that may be wanted, or is not complete. */
  readonly isOff?: boolean;
}

/** The text of a settings file: `head` as comments in front, `tail` behind. */
export function settingsText(
  file: string,
  {
    head,
    settings,
    tail,
  }: { head: readonly string[]; settings: readonly WrittenSetting[]; tail: readonly string[] },
): string {
  const first = [`# yaml-language-server: $schema=${schemaFor(file)}`, ...head.map(asComment)];
  const blocks = [first, ...blocksOf(settings), ...(tail.length === 0 ? [] : [tail.map(asComment)])];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** A setting about which nothing is said belongs to the one above it. */
function blocksOf(settings: readonly WrittenSetting[]): string[][] {
  const blocks: string[][] = [];
  for (const one of settings) {
    const lines = [...one.comment.map(asComment), lineOf(one)];
    const last = blocks.at(-1);
    if (one.comment.length === 0 && last !== undefined) last.push(...lines);
    else blocks.push(lines);
  }
  return blocks;
}

const asComment = (line: string): string => (line === '' ? '#' : `# ${line}`);

function lineOf({ key, value, isOff }: WrittenSetting): string {
  const lines = stringify({ [settingName(key)]: value }, { lineWidth: 0 }).trimEnd();
  return isOff === true ? lines.split('\n').map(asComment).join('\n') : lines;
}

const schemaInModules = 'node_modules/odo/docs/odo.schema.json';

/** Where an editor finds the schema: in the packages beside the file, else in this odo itself. */
function schemaFor(file: string): string {
  // src/config and dist/config lie at the same depth below the package.
  const own = fileURLToPath(new URL('../../docs/odo.schema.json', import.meta.url));
  return existsSync(join(dirname(file), schemaInModules)) || !existsSync(own) ? `./${schemaInModules}` : own;
}

/** What odo would say about a settings file of this text, were it written to `file`; empty when nothing. */
export function problemsIn(text: string, file: string): ConfigProblem[] {
  const { values, problems } = settingsIn(yamlFileOf(text, file, basename(file)));
  const refused = [...values].flatMap(([key, one]) => {
    const parsed = parseValue(key, one);
    return parsed.ok ? [] : [parsed.problem];
  });
  return [...problems, ...refused];
}
