/** One name in a folder; a folder's ends with a slash. */
export interface FolderEntry {
  readonly name: string;
}

export interface FolderWalk {
  /** Only keys that begin so. */
  readonly prefix: string;
  /** Only keys behind this one. */
  readonly after: string | null;
  readonly signal: AbortSignal;
}

/** In key order: a folder sorts with its slash, as it would in a bucket. */
export const inKeyOrder = <Entry extends FolderEntry>(entries: readonly Entry[]): Entry[] =>
  entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));

/** The folder that a prefix lies in: what comes before its last slash, with it. */
export const folderOf = (prefix: string): string => prefix.slice(0, prefix.lastIndexOf('/') + 1);

/**
 * The files of a tree in the order in which a bucket would list them. `entriesOf` gives a folder's entries in key
 * order.
 */
export async function* walkFolders<Entry extends FolderEntry>(
  entriesOf: (folder: string) => Promise<readonly Entry[]>,
  { prefix, after, signal }: FolderWalk,
  folder = folderOf(prefix),
): AsyncGenerator<{ readonly key: string; readonly entry: Entry }> {
  for (const entry of await entriesOf(folder)) {
    signal.throwIfAborted();
    const key = folder + entry.name;
    if (entry.name.endsWith('/')) {
      const mayMatch = key.startsWith(prefix) || prefix.startsWith(key);
      // Everything in a folder lies behind the folder's own name and before its successor.
      const isBehind = after === null || key > after || after.startsWith(key);
      if (mayMatch && isBehind) yield* walkFolders(entriesOf, { prefix, after, signal }, key);
    } else if (key.startsWith(prefix) && (after === null || key > after)) {
      yield { key, entry };
    }
  }
}

/** The folders right under a prefix, each with its slash. */
export async function foldersUnder(
  entriesOf: (folder: string) => Promise<readonly FolderEntry[]>,
  prefix: string,
): Promise<string[]> {
  const folder = folderOf(prefix);
  const entries = await entriesOf(folder);
  return entries
    .filter(({ name }) => name.endsWith('/'))
    .map(({ name }) => folder + name)
    .filter((key) => key.startsWith(prefix));
}
