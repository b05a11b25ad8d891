import type { ConfigurationEdit } from '../edit-configuration.ts';
import {
  type ConfiguredSetting,
  isOn,
  joinList,
  placeKey,
  type ServerConfiguration,
  splitList,
} from '../server-configuration.ts';
import { editOf } from './find-leftovers.ts';
import { preloadSettings } from './looked-at-paths.ts';

/** What a server said when it refused its configuration, and the setting that it is about. */
interface Refusal {
  readonly id: string;
  /** Messages of PostgreSQL 13 to 18 in the C locale. A group `name` is the setting. */
  readonly pattern: RegExp;
  /** Settings that can be the reason, unless the message names it. */
  readonly settings?: readonly string[];
  /** Null: it becomes a comment; undefined: it is not the reason. */
  replace(setting: ConfiguredSetting, match: RegExpExecArray): string | null | undefined;
  readonly why: string;
}

/**
 * What only the server itself can tell: whether it knows a parameter, a time zone, a group, and whether its kernel gives
 * it what the source's gave.
 */
const refusals: readonly Refusal[] = [
  {
    id: 'unknown-parameter',
    pattern: /unrecognized configuration parameter "(?<name>[^"]+)"/,
    replace: () => null,
    why: 'the server does not know this parameter',
  },
  {
    id: 'locale',
    pattern: /invalid value for parameter "(?<name>lc_\w+)"/i,
    replace: () => 'C',
    why: 'the server does not have this locale',
  },
  {
    id: 'time-zone',
    pattern: /invalid value for parameter "(?<name>(?:log_)?timezone)"/i,
    replace: () => 'GMT',
    why: 'the server does not have this time zone',
  },
  {
    id: 'io-method',
    pattern: /could not setup io_uring queue|invalid value for parameter "io_method"/,
    settings: ['io_method'],
    replace: ({ value }) => (value.toLowerCase() === 'io_uring' ? 'worker' : undefined),
    why: 'io_uring is not to be had where the server runs',
  },
  {
    id: 'huge-pages',
    pattern: /could not map anonymous shared memory/,
    settings: ['huge_pages'],
    replace: ({ value }) => (isOn(value) ? 'try' : undefined),
    why: 'the server could not get its memory in huge pages',
  },
  {
    id: 'socket-group',
    pattern: /group "[^"]*" does not exist/,
    settings: ['unix_socket_group'],
    replace: () => null,
    why: 'the group of the socket is not there',
  },
  {
    id: 'preload-libraries',
    pattern: /could not access file "([^"]+)": No such file/,
    settings: preloadSettings,
    replace({ value }, [, library]) {
      const all = splitList(value);
      const rest = all.filter((one) => one !== library);
      if (rest.length === all.length) return undefined;
      return rest.length === 0 ? null : joinList(rest);
    },
    why: 'the server does not have the library',
  },
];

/** Edits that answer what a server said when it did not start; empty when its words are for a person. */
export function editsForRefusal(
  log: readonly string[],
  configuration: ServerConfiguration,
  mayChange: (setting: ConfiguredSetting) => boolean,
): ConfigurationEdit[] {
  const edits = new Map<string, ConfigurationEdit>();
  for (const line of log) {
    for (const refusal of refusals) {
      const match = refusal.pattern.exec(line);
      if (match === null) continue;
      const names = match.groups?.['name'] ? [match.groups['name'].toLowerCase()] : refusal.settings;
      // The server refuses an unknown name wherever it stands, a value only where it counts.
      for (const setting of configuration.occurrences) {
        if (!names?.includes(setting.name) || !mayChange(setting)) continue;
        const to = refusal.replace(setting, match);
        if (to === undefined || edits.has(placeKey(setting))) continue;
        edits.set(placeKey(setting), editOf(setting, { rule: refusal.id, to, why: refusal.why }));
      }
    }
  }
  return [...edits.values()];
}
