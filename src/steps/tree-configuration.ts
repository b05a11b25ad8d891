import { posix } from 'node:path';
import type { PathFacts } from '../postgres/leftovers/server-view.ts';
import type { ConfigurationFiles } from '../postgres/server-configuration.ts';
import type { Tree, TreeListing } from '../target/tree.ts';

/** Far more than any configuration file has. @unit bytes */
const largestFile = 16 * 1024 * 1024;

/** The configuration files of a restored data directory. What was read or written once is not asked for again. */
export class TreeConfiguration implements ConfigurationFiles {
  readonly #tree: Tree;
  readonly #texts = new Map<string, string | null>();
  readonly #listings = new Map<string, readonly TreeListing[]>();

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  async read(path: string): Promise<string | null> {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    // A link of the source leads nowhere, and a directory has no text.
    const isFile = (await this.#kindOf(path)) === 'file';
    const bytes = isFile ? await this.#tree.readFile(path, largestFile) : null;
    const text = bytes === null ? null : Buffer.from(bytes).toString('latin1');
    this.#texts.set(path, text);
    return text;
  }

  async list(path: string): Promise<readonly string[] | null> {
    if (path !== '' && (await this.#kindOf(path)) !== 'directory') return null;
    return (await this.#listing(path)).map(({ name }) => name);
  }

  async write(path: string, text: string): Promise<void> {
    if ((await this.read(path)) === text) return;
    await this.#tree.writeFile(path, Buffer.from(text, 'latin1'), 0o600);
    this.#texts.set(path, text);
    this.#listings.clear();
  }

  /** Owner and modes are odo's to set, so whatever is there can be read and written. */
  async factsOf(path: string): Promise<PathFacts> {
    const kind = path === '' ? 'directory' : await this.#kindOf(path);
    const isThere = kind === 'file' || kind === 'directory';
    return { kind: isThere ? kind : 'missing', readable: isThere, writable: isThere };
  }

  async #kindOf(path: string): Promise<TreeListing['kind'] | null> {
    const parent = posix.dirname(path);
    const listing = await this.#listing(parent === '.' ? '' : parent);
    return listing.find(({ name }) => name === posix.basename(path))?.kind ?? null;
  }

  async #listing(path: string): Promise<readonly TreeListing[]> {
    const known = this.#listings.get(path);
    if (known !== undefined) return known;
    const listing = await this.#tree.list(path);
    this.#listings.set(path, listing);
    return listing;
  }
}
