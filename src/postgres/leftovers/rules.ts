import { posix } from 'node:path';
import { leftoverRecoveryKeys } from '../recovery-settings.ts';
import { type ConfiguredSetting, isOn, joinList, splitList } from '../server-configuration.ts';
import { libraryFile, preloadSettings, sslSettings } from './looked-at-paths.ts';
import {
  factsOf,
  isNoUsableDirectory,
  isUnreadable,
  type LeftoverView,
  serverPath,
  valueOf,
} from './server-view.ts';

/** What becomes of a setting, and why (for a person, without a full stop). */
export interface LeftoverVerdict {
  /** Null: it becomes a comment. */
  readonly to: string | null;
  readonly why: string;
}

/** A setting of another host that would break the restored server, or let it harm the source. */
export interface LeftoverRule {
  /** Stable, for JSON and tests. */
  readonly id: string;
  /** Lower-case names; `prefix*` is all that begin so. */
  readonly settings: readonly string[];
  /** Null: the setting stays. Never quotes a value that can be a secret. */
  judge(setting: ConfiguredSetting, view: LeftoverView): LeftoverVerdict | null;
}

const comment = (why: string): LeftoverVerdict => ({ to: null, why });
const set = (to: string, why: string): LeftoverVerdict => ({ to, why });

/** What is left of a list without the members that are not there; null when all are. */
function without(
  members: readonly string[],
  isAbsent: (member: string) => boolean,
): { rest: string[]; absent: string[] } | null {
  const absent = members.filter(isAbsent);
  return absent.length === 0 ? null : { rest: members.filter((member) => !absent.includes(member)), absent };
}

const isSharp = (value: string): boolean => value.trim() !== '';

/** A container of a plain image does not have what the source's own programs set up around it. */
const isMoved = ({ kind, origin }: LeftoverView): boolean => kind === 'container' && origin !== null;

const sslDefaults: Readonly<Record<string, string>> = {
  ssl_cert_file: 'server.crt',
  ssl_key_file: 'server.key',
};

function missingSslFile(view: LeftoverView): string | null {
  const paths = sslSettings.map((name) => valueOf(name, view) ?? sslDefaults[name] ?? '');
  return paths.find((path) => path !== '' && isUnreadable(path, view)) ?? null;
}

function isMissingLibrary(library: string, view: LeftoverView): boolean {
  if (library.startsWith('/')) return isUnreadable(libraryFile(library), view);
  const name = library.replace(/^\$libdir\//, '').replace(/\.so$/, '');
  if (view.libraries === null || view.libraries.has(name)) return false;
  const folders = (valueOf('dynamic_library_path', view) ?? '')
    .split(':')
    .filter((path) => path.startsWith('/'));
  // A folder that cannot be seen may hold it.
  return folders.every((folder) => isUnreadable(libraryFile(posix.join(folder, name)), view));
}

function judgePreload({ value }: ConfiguredSetting, view: LeftoverView): LeftoverVerdict | null {
  const found = without(splitList(value), (library) => isMissingLibrary(library, view));
  if (found === null) return null;
  const { rest, absent } = found;
  const why = `the server does not have the ${absent.length === 1 ? 'library' : 'libraries'} ${absent.join(', ')}`;
  return rest.length === 0 ? comment(why) : set(joinList(rest), why);
}

/** `en_US.UTF-8` and `en_US.utf8` are the same. */
const localeKey = (name: string): string => {
  const [base = '', codeset = ''] = name.split('.', 2);
  return `${base}.${codeset.toLowerCase().replace(/[^a-z0-9@]/g, '')}`;
};

export function isMissingLocale(name: string, locales: readonly string[] | null): boolean {
  if (locales === null || name === '' || /^(?:C|POSIX)$/.test(name)) return false;
  return !locales.some((known) => localeKey(known) === localeKey(name));
}

const shownLogs = 'the log goes to the standard error of the server instead';

/**
 * One row for each kind of leftover. Rules look at what the server has, so that the same configuration is left alone
 * where its paths exist. What is not named here is the operator's and stays.
 */
export const leftoverRules: readonly LeftoverRule[] = [
  {
    id: 'archive',
    settings: ['archive_mode'],
    judge: ({ value }) =>
      value.toLowerCase() === 'always' || isOn(value)
        ? set('off', 'a restored database must not write into the archive of its source')
        : null,
  },
  {
    id: 'archive-command',
    settings: ['archive_command', 'archive_library'],
    judge: ({ value }) =>
      isSharp(value)
        ? comment('it leads to the archive of the source; name an archive of its own before archiving')
        : null,
  },
  {
    id: 'recovery',
    settings: leftoverRecoveryKeys,
    judge: () => comment('it belongs to an earlier recovery or to a standby'),
  },
  {
    id: 'synchronous-standby',
    settings: ['synchronous_standby_names', 'synchronized_standby_slots'],
    judge: ({ value }) =>
      isSharp(value) ? comment('commits would wait for standbys that are not there') : null,
  },
  {
    id: 'data-directory',
    settings: ['data_directory'],
    judge: ({ value }, view) =>
      serverPath(value, view) === view.dataDirectory
        ? null
        : comment('the server would start on another directory than the restored one'),
  },
  {
    id: 'access-files',
    settings: ['hba_file', 'ident_file'],
    judge: ({ value }, view) =>
      isSharp(value) && isUnreadable(value, view)
        ? comment(`the server cannot read ${value}; the file in the data directory is used`)
        : null,
  },
  {
    id: 'pid-file',
    settings: ['external_pid_file'],
    judge({ value }, view) {
      if (!isSharp(value)) return null;
      if (factsOf(value, view)?.kind === 'file') return comment(`${value} is another server’s`);
      return isNoUsableDirectory(posix.dirname(value), view)
        ? comment(`the server cannot write ${value}`)
        : null;
    },
  },
  {
    id: 'ssl',
    settings: ['ssl'],
    judge({ value }, view) {
      const missing = isOn(value) ? missingSslFile(view) : null;
      return missing === null ? null : set('off', `the server cannot read ${missing}`);
    },
  },
  {
    id: 'socket-directory',
    settings: ['unix_socket_directories'],
    judge({ value }, view) {
      const isAbsent = (directory: string) =>
        !directory.startsWith('@') && isNoUsableDirectory(directory, view);
      const found = without(splitList(value), isAbsent);
      if (found === null) return null;
      const why = `the server cannot make a socket in ${found.absent.join(', ')}`;
      return found.rest.length === 0
        ? comment(`${why}; its own default is used`)
        : set(joinList(found.rest), why);
    },
  },
  {
    id: 'log-collector',
    settings: ['logging_collector'],
    judge({ value }, view) {
      const directory = valueOf('log_directory', view);
      if (!isOn(value) || directory === undefined) return null;
      // The collector makes the directory itself, but not its parent (syslogger.c).
      const isUsable =
        !isNoUsableDirectory(directory, view) ||
        (factsOf(directory, view)?.kind === 'missing' &&
          !isNoUsableDirectory(posix.dirname(directory), view));
      return isUsable ? null : set('off', `the server cannot write into ${directory}; ${shownLogs}`);
    },
  },
  {
    id: 'log-destination',
    settings: ['log_destination'],
    judge({ value }, view) {
      const files = splitList(value).filter((one) => /^(?:csvlog|jsonlog)$/i.test(one));
      return files.length > 0 && !isOn(valueOf('logging_collector', view))
        ? set('stderr', `without the logging collector no ${files.join(' or ')} is written; ${shownLogs}`)
        : null;
    },
  },
  {
    id: 'statistics-directory',
    settings: ['stats_temp_directory'],
    judge: ({ value }, view) =>
      isSharp(value) && isNoUsableDirectory(value, view)
        ? comment(`the server cannot write into ${value}`)
        : null,
  },
  { id: 'preload-libraries', settings: preloadSettings, judge: judgePreload },
  {
    id: 'library-path',
    settings: ['dynamic_library_path', 'extension_control_path'],
    judge({ value }, view) {
      const isAbsent = (folder: string) =>
        folder.startsWith('/') && factsOf(folder, view)?.kind === 'missing';
      const found = without(value.split(':'), isAbsent);
      if (found === null) return null;
      const why = `${found.absent.join(', ')} ${found.absent.length === 1 ? 'is' : 'are'} not there`;
      const isDefault =
        found.rest.length === 0 || found.rest.every((folder) => /^\$(?:libdir|system)$/.test(folder));
      return isDefault ? comment(why) : set(found.rest.join(':'), why);
    },
  },
  {
    id: 'locale',
    settings: ['lc_messages', 'lc_monetary', 'lc_numeric', 'lc_time'],
    judge: ({ value }, view) =>
      isMissingLocale(value, view.locales) ? set('C', `the server does not have the locale ${value}`) : null,
  },
  {
    id: 'operator-only',
    settings: ['restart_after_crash', 'allow_alter_system'],
    judge: ({ value }, { origin }) =>
      origin === 'CloudNativePG' && !isOn(value)
        ? comment('only an operator that watches the server wants it so')
        : null,
  },
  {
    id: 'listen-addresses',
    settings: ['listen_addresses'],
    judge({ value }, view) {
      const reaches = splitList(value).some((address) => /^(?:\*|0\.0\.0\.0|::)$/.test(address));
      return isMoved(view) && !reaches
        ? set('*', 'in a container nobody else could connect, as in the image’s own default')
        : null;
    },
  },
  {
    id: 'port',
    settings: ['port'],
    judge: ({ value }, view) =>
      isMoved(view) && value !== '5432' ? comment('a container is expected to listen on 5432') : null,
  },
];
