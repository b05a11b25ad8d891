import { parseSettingLine, type SettingLine } from './setting-line.ts';

export interface RemovedSetting extends SettingLine {
  /** From 1. */
  readonly line: number;
}

export interface FilteredSettings {
  readonly text: string;
  readonly removed: readonly RemovedSetting[];
}

/**
 * Takes settings out of the text of a postgresql.conf or postgresql.auto.conf; every other byte stays as it was.
 * Removing rather than blanking matters: an empty `recovery_target_*` after a set one is an error of its own.
 * `keys` are lower-case names, `prefix*` matches all that begin so. With `comment`, a removed line stays as a
 * comment behind that word, so that a person can see what was there.
 */
export function filterSettings(
  text: string,
  keys: Iterable<string>,
  options: { comment?: string } = {},
): FilteredSettings {
  const names = new Set(keys);
  const prefixes = [...names].filter((key) => key.endsWith('*')).map((key) => key.slice(0, -1));
  const removed: RemovedSetting[] = [];
  const kept: string[] = [];
  const lines = text.split(/(?<=\n)/);
  for (const [index, line] of lines.entries()) {
    const setting = parseSettingLine(line);
    const matches =
      setting !== null &&
      (names.has(setting.name) || prefixes.some((prefix) => setting.name.startsWith(prefix)));
    if (!matches) {
      kept.push(line);
      continue;
    }
    removed.push({ ...setting, line: index + 1 });
    if (options.comment !== undefined) kept.push(`# ${options.comment}: ${line}`);
  }
  return { text: kept.join(''), removed };
}
