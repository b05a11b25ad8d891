import { posix } from 'node:path';
import { type IncludeKind, parseIncludeLine, parseSettingLine, type SettingLine } from './setting-line.ts';

/** The files of a data directory, by paths relative to it. Text is one character a byte (latin1), so that it survives being written back. */
export interface ConfigurationFiles {
  /** Null when it is not there. */
  read(path: string): Promise<string | null>;
  /** Names in a directory; null when it is not there. */
  list(path: string): Promise<readonly string[] | null>;
}

/** Where something stands. */
export interface ConfigurationPlace {
  /** Relative to the data directory. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface ConfiguredSetting extends SettingLine, ConfigurationPlace {}

export interface IncludeDirective extends ConfigurationPlace {
  readonly kind: IncludeKind;
  /** As it is written. */
  readonly path: string;
  /** `outside`: another place of the server's file system, which is not read here. */
  readonly target: 'read' | 'missing' | 'outside';
}

export interface ServerConfiguration {
  /** In the order in which the server reads them: the last one of a name counts. */
  readonly occurrences: readonly ConfiguredSetting[];
  /** What counts, by name. */
  readonly settings: ReadonlyMap<string, ConfiguredSetting>;
  readonly includes: readonly IncludeDirective[];
  /** Those that were found, each once. */
  readonly files: readonly string[];
}

/** What is to be read in the place of a line: nothing, or the same setting with another value. */
export type LineChange = { readonly to: string | null };

export const placeKey = ({ file, line }: ConfigurationPlace): string => `${file}:${line}`;

export const mainFile = 'postgresql.conf';
export const autoFile = 'postgresql.auto.conf';

/** The server's own limit (guc-file.l, CONF_FILE_MAX_DEPTH). */
const deepest = 10;

/**
 * The configuration of a data directory as its server would see it: postgresql.conf with everything that it includes,
 * then postgresql.auto.conf (guc-file.l, `ParseConfigFp`). `dataDirectory` is its absolute path for the server.
 * Lines that the server would not understand are passed over: the server itself names them best.
 */
export async function readServerConfiguration(
  files: ConfigurationFiles,
  dataDirectory: string,
  changes: ReadonlyMap<string, LineChange> = new Map(),
): Promise<ServerConfiguration> {
  const occurrences: ConfiguredSetting[] = [];
  const includes: IncludeDirective[] = [];
  const found = new Set<string>();

  async function readFile(file: string, depth: number): Promise<boolean> {
    const text = depth > deepest ? null : await files.read(file);
    if (text === null) return false;
    found.add(file);
    for (const [index, line] of text.split('\n').entries()) {
      const place = { file, line: index + 1 };
      const change = changes.get(placeKey(place));
      if (change?.to === null) continue;
      const include = parseIncludeLine(line);
      if (include !== null) {
        includes.push({ ...place, ...include, target: await follow(include, file, depth) });
        continue;
      }
      const setting = parseSettingLine(line);
      if (setting !== null)
        occurrences.push({ ...setting, ...place, ...(change?.to ? { value: change.to } : {}) });
    }
    return true;
  }

  async function follow(
    { kind, path }: Pick<IncludeDirective, 'kind' | 'path'>,
    from: string,
    depth: number,
  ): Promise<IncludeDirective['target']> {
    const inside = insideDataDirectory(posix.join(dataDirectory, posix.dirname(from)), path, dataDirectory);
    if (inside === null) return 'outside';
    if (kind !== 'include_dir') return (await readFile(inside, depth + 1)) ? 'read' : 'missing';
    const names = await files.list(inside);
    if (names === null) return 'missing';
    // In the order of the C locale, as the server sorts them (guc-file.l, `GetConfFilesInDir`).
    const wanted = names.filter((name) => name.endsWith('.conf') && !name.startsWith('.')).sort();
    for (const name of wanted) await readFile(posix.join(inside, name), depth + 1);
    return 'read';
  }

  await readFile(mainFile, 0);
  await readFile(autoFile, 0);
  const settings = new Map(occurrences.map((setting) => [setting.name, setting]));
  return { occurrences, settings, includes, files: [...found] };
}

/** A path as the server resolves it, relative to the data directory; null when it leads out of it. */
export function insideDataDirectory(from: string, path: string, dataDirectory: string): string | null {
  const relative = posix.relative(dataDirectory, posix.resolve(from, path));
  return relative === '..' || relative.startsWith('../') ? null : relative;
}

/** As the server reads a boolean: any beginning of the word that is unique (utils/adt/bool.c). */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(?:on|1|t|tr|tru|true|y|ye|yes)$/i.test(value.trim());
}

/** The members of a list such as shared_preload_libraries: comma between them, quotes around them (varlena.c). */
export function splitList(value: string): string[] {
  const members = value.match(/"(?:[^"]|"")*"|[^,"]+/g) ?? [];
  return members
    .map((member) => member.trim())
    .map((member) => (member.startsWith('"') ? member.slice(1, -1).replaceAll('""', '"') : member))
    .filter((member) => member !== '');
}

/** The other way round. */
export function joinList(members: readonly string[]): string {
  return members
    .map((member) => (/^[\w$./-]+$/.test(member) ? member : `"${member.replaceAll('"', '""')}"`))
    .join(',');
}
