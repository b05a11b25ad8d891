import type { ConfigurationFiles } from '../../src/postgres/server-configuration.ts';

/** Configuration files in memory, by paths relative to the data directory. */
export function configurationFiles(texts: Readonly<Record<string, string>>): ConfigurationFiles {
  const below = (path: string) =>
    Object.keys(texts).flatMap((name) => (name.startsWith(`${path}/`) ? [name.slice(path.length + 1)] : []));
  return {
    read: async (path) => texts[path] ?? null,
    list: async (path) => (below(path).length === 0 ? null : below(path)),
  };
}
