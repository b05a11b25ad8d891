import type { LoadedSettings } from '../../config/load.ts';
import { expectedOf, type SettingKey, type Settings, settingName, settingOf } from '../../config/schema.ts';
import { OdoError } from '../../errors/odo-error.ts';

/** What odo.yaml will say, with what is said above each line. */
export class Answers {
  readonly #given: LoadedSettings;
  readonly #written = new Map<SettingKey, { value: string | boolean; comment: readonly string[] }>();

  constructor(given: LoadedSettings) {
    this.#given = given;
  }

  /** A flag: nobody is asked about it. */
  isGiven(key: SettingKey): boolean {
    return this.#given.layers[key] === 'flag';
  }

  /** What is known of it beforehand: by a flag, the environment, .env or an odo.yaml of before. */
  known(key: SettingKey): string | null {
    const value = this.#given.settings[key];
    return typeof value === 'string' ? value : null;
  }

  write(key: SettingKey, value: string | boolean, ...comment: string[]): void {
    this.#written.set(key, { value, comment });
  }

  written(key: SettingKey): string | boolean | null {
    return this.#written.get(key)?.value ?? null;
  }

  all(): { key: SettingKey; value: string | boolean; comment: readonly string[] }[] {
    return [...this.#written].map(([key, one]) => ({ key, ...one }));
  }

  /** As if the written settings had been given: to look at the store with them. */
  asLoaded(): LoadedSettings {
    const written = Object.fromEntries([...this.#written].map(([key, { value }]) => [key, value]));
    return { ...this.#given, settings: { ...this.#given.settings, ...written } as Settings };
  }
}

/** Why a setting cannot have this value; null when it can. */
export const refusalOf =
  (key: SettingKey) =>
  (answer: string): string | null =>
    settingOf(key).value.safeParse(answer).success ? null : `Expected ${expectedOf(key)}.`;

/** Nobody can be asked, and nothing stands in for the answer. */
export function notSaid(key: SettingKey, what: string): OdoError {
  const { short } = settingOf(key);
  return new OdoError('USAGE', what, {
    hint: `Say it with ${short ?? `--${settingName(key)}`}, or call odo init on a terminal without --yes.`,
  });
}
