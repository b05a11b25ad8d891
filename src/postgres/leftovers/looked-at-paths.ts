import { posix } from 'node:path';
import { type ServerConfiguration, splitList } from '../server-configuration.ts';

export const sslSettings = [
  'ssl_cert_file',
  'ssl_key_file',
  'ssl_ca_file',
  'ssl_crl_file',
  'ssl_crl_dir',
  'ssl_dh_params_file',
];

/** Settings whose value is one path. */
const pathSettings = new Set(['data_directory', 'hba_file', 'ident_file', ...sslSettings]);

/** The server makes the file or directory, so its parent counts too. */
const madePaths = new Set(['external_pid_file', 'log_directory', 'stats_temp_directory']);

export const preloadSettings = [
  'shared_preload_libraries',
  'session_preload_libraries',
  'local_preload_libraries',
] as const;

/**
 * Every absolute path that a rule can ask for: of all occurrences of a setting, since the one before takes its place when
 * the last is taken out. `dataDirectory` as the server sees it.
 */
export function lookedAtPaths(configuration: ServerConfiguration, dataDirectory: string): string[] {
  const paths = new Set<string>(['server.crt', 'server.key']);
  const folders: string[] = [];
  const libraries: string[] = [];
  for (const { name, value } of configuration.occurrences) {
    if (value === '') continue;
    if (pathSettings.has(name)) paths.add(value);
    if (madePaths.has(name)) paths.add(value).add(posix.dirname(value));
    if (name === 'unix_socket_directories')
      for (const directory of splitList(value)) if (!directory.startsWith('@')) paths.add(directory);
    if (name === 'dynamic_library_path' || name === 'extension_control_path')
      folders.push(...value.split(':'));
    if (preloadSettings.some((preload) => preload === name)) libraries.push(...splitList(value));
  }
  for (const { path, target } of configuration.includes) if (target === 'outside') paths.add(path);
  for (const folder of folders) {
    if (!folder.startsWith('/')) continue;
    paths.add(folder);
    for (const library of libraries) paths.add(libraryFile(posix.join(folder, library)));
  }
  for (const library of libraries) if (library.startsWith('/')) paths.add(libraryFile(library));
  return [...paths].map((path) => posix.resolve(dataDirectory, path));
}

/** The server adds the ending where it is missing (dfmgr.c, `expand_dynamic_library_name`). */
export const libraryFile = (path: string): string => (path.endsWith('.so') ? path : `${path}.so`);
