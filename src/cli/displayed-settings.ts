import type { LoadedSettings } from '../config/load.ts';
import { type SettingKey, settingKeys, settingName, settingOf } from '../config/schema.ts';

export interface DisplayedSetting {
  readonly name: string;
  /** Fit to show: a secret is only said to be set. */
  readonly value: string;
  readonly provenance: string;
}

/** Everything that is set or has a default, with where it comes from. */
export function displayedSettings({ settings, provenance }: LoadedSettings): DisplayedSetting[] {
  return settingKeys.flatMap((key): DisplayedSetting[] => {
    const value = settings[key];
    // A plan is a restore's; what a drill proves or a backup is taken with is in no plan page.
    if (['drill', 'backup'].includes(settingOf(key).group)) return [];
    if (value === null || (value === false && provenance[key] === 'default')) return [];
    return [{ name: settingName(key), value: shown(key, value), provenance: provenance[key] }];
  });
}

function shown(key: SettingKey, value: NonNullable<LoadedSettings['settings'][SettingKey]>): string {
  const { secret, unit } = settingOf(key);
  if (secret) return 'set, not shown';
  // Receivers put a token into its path, and a plan is passed around.
  if (key === 'notify') return `${new URL(String(value)).origin}/…`;
  if (typeof value === 'object') return 'uid' in value ? `${value.uid}:${value.gid}` : listed(value);
  if (typeof value !== 'number' || unit === undefined) return String(value);
  return unit === 'bytes/s' ? `${exactSize(value)}/s` : exactSize(value);
}

type Listed = NonNullable<LoadedSettings['settings']['tablespace' | 'report']>;

const listed = (choices: Listed): string =>
  choices.map((one) => (typeof one === 'string' ? one : `${one.tablespace}=${one.directory}`)).join(', ');

/** `256MiB`: exactly, in the largest unit that divides it, as the setting can be written. */
function exactSize(bytes: number): string {
  const units = ['', 'KiB', 'MiB', 'GiB', 'TiB'];
  let power = 0;
  while (power < units.length - 1 && bytes > 0 && bytes % 1024 ** (power + 1) === 0) power += 1;
  return `${bytes / 1024 ** power}${units[power]}`;
}
