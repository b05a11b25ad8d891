import { posix } from 'node:path';
import type { ConfiguredSetting, ServerConfiguration } from '../server-configuration.ts';

/** What configured a source, where its configuration shows it. */
export type Origin = 'CloudNativePG' | 'Bitnami' | 'Debian';

/** What lies at a path of the server. */
export interface PathFacts {
  readonly kind: 'file' | 'directory' | 'missing';
  /** By the user that the server runs as. */
  readonly readable: boolean;
  readonly writable: boolean;
}

/** What is known about the server that the configuration shall start. */
export interface ServerView {
  readonly kind: 'container' | 'local';
  /** Its absolute path, as the server sees it. */
  readonly dataDirectory: string;
  /** File names in `$libdir` without their ending; null: not known. */
  readonly libraries: ReadonlySet<string> | null;
  /** Names that `locale -a` gives; null: not known, or any name is one (musl). */
  readonly locales: readonly string[] | null;
  /** By absolute path. One that is not in it cannot be seen from here, and is taken to be as the configuration has it. */
  readonly paths: ReadonlyMap<string, PathFacts>;
}

/** What the rules look at. */
export interface LeftoverView extends ServerView {
  readonly origin: Origin | null;
  readonly configuration: ServerConfiguration;
}

/** A path of the configuration as the server resolves it. */
export const serverPath = (path: string, { dataDirectory }: Pick<ServerView, 'dataDirectory'>): string =>
  posix.resolve(dataDirectory, path);

export const factsOf = (path: string, view: ServerView): PathFacts | null =>
  view.paths.get(serverPath(path, view)) ?? null;

/** Known not to be there, or not for the server. */
export function isUnreadable(path: string, view: ServerView): boolean {
  const facts = factsOf(path, view);
  return facts !== null && (facts.kind === 'missing' || !facts.readable);
}

/** Known not to be a directory in which the server could make a file. */
export function isNoUsableDirectory(path: string, view: ServerView): boolean {
  const facts = factsOf(path, view);
  return facts !== null && !(facts.kind === 'directory' && facts.writable);
}

export const valueOf = (name: string, { configuration }: LeftoverView): string | undefined =>
  configuration.settings.get(name)?.value;

const marks: readonly (readonly [Origin, (setting: ConfiguredSetting) => boolean])[] = [
  ['CloudNativePG', ({ name, value }) => name.startsWith('cnpg.') || value.includes('/controller/')],
  ['Bitnami', ({ value }) => /\/(?:opt\/)?bitnami\//.test(value)],
  [
    'Debian',
    ({ value }) =>
      /\/etc\/postgresql\/\d+\/|\/var\/lib\/postgresql\/\d+\/(?!docker)|\/etc\/ssl\/certs\/ssl-cert-snakeoil/.test(
        value,
      ),
  ],
];

/** By paths and names that only it uses; null for a configuration that could be anybody's. */
export function originOf({ occurrences }: ServerConfiguration): Origin | null {
  return marks.find(([, isMark]) => occurrences.some(isMark))?.[0] ?? null;
}
