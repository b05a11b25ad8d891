import { OdoError } from '../errors/odo-error.ts';
import { GraftedWriter } from './grafted-writer.ts';
import type { Owner, Tree, TreeListing, TreeWriter, TreeWriterOptions } from './tree.ts';

/** A tree that takes the place of a directory in another. */
export interface Graft {
  /** Path of that directory. */
  readonly at: string;
  readonly tree: Tree;
}

/** Where an entry really is. */
export interface GraftedPlace {
  readonly tree: Tree;
  /** '' is the tree's root. */
  readonly path: string;
}

/**
 * A data directory whose tablespaces lie elsewhere, as one tree: what fills, owns or syncs it need not know. Only
 * paths tell them apart; a listing of the root does not show the grafts.
 */
export class GraftedTree implements Tree {
  readonly description: string;
  /** Null unless all parts are local; entries of grafts are not below it. */
  readonly localPath: string | null;
  readonly #root: Tree;
  readonly #grafts: readonly Graft[];

  constructor(root: Tree, grafts: readonly Graft[]) {
    this.#root = root;
    this.#grafts = grafts;
    this.description = root.description;
    this.localPath = this.#trees().every((tree) => tree.localPath !== null) ? root.localPath : null;
  }

  localPathOf(path: string): string | null {
    const place = this.#placeOf(path);
    return place.tree.localPathOf(place.path);
  }

  async openWriter(signal: AbortSignal, options: TreeWriterOptions = {}): Promise<TreeWriter> {
    const open = (tree: Tree): Promise<TreeWriter> => tree.openWriter(signal, options);
    const opened = new Map([[this.#root, await open(this.#root)]]);
    return new GraftedWriter(opened, (path) => this.#placeOf(path), open);
  }

  readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
    const place = this.#placeOf(path);
    return place.tree.readFile(place.path, maxBytes);
  }

  readPart(path: string, position: number, maxBytes: number): Promise<Uint8Array | null> {
    const place = this.#placeOf(path);
    return place.tree.readPart(place.path, position, maxBytes);
  }

  writeFile(path: string, content: Uint8Array | string, mode: number): Promise<void> {
    const place = this.#placeOf(path);
    return place.tree.writeFile(place.path, content, mode);
  }

  createFile(path: string, aside: string, content: string, mode: number): Promise<boolean> {
    const place = this.#placeOf(path);
    return place.tree.createFile(place.path, aside, content, mode);
  }

  async rename(from: string, to: string): Promise<void> {
    const [source, destination] = [this.#placeOf(from), this.#placeOf(to)];
    if (source.tree !== destination.tree) throw new OdoError('BUG', `${from} and ${to} are in two trees.`);
    await source.tree.rename(source.path, destination.path);
  }

  remove(path: string): Promise<void> {
    const place = this.#placeOf(path);
    return place.tree.remove(place.path);
  }

  list(path: string): Promise<TreeListing[]> {
    const place = this.#placeOf(path);
    return place.tree.list(place.path);
  }

  async clear(keep: readonly string[]): Promise<void> {
    for (const tree of this.#trees()) await tree.clear(keep);
  }

  async own(owner: Owner): Promise<void> {
    for (const tree of this.#trees()) await tree.own(owner);
  }

  async sync(): Promise<void> {
    for (const tree of this.#trees()) await tree.sync();
  }

  /** Of the data directory's file system. */
  freeBytes(): Promise<number> {
    return this.#root.freeBytes();
  }

  async usedBytes(): Promise<number> {
    const used = await Promise.all(this.#trees().map((tree) => tree.usedBytes()));
    return used.reduce((total, bytes) => total + bytes, 0);
  }

  #trees(): Tree[] {
    return [this.#root, ...this.#grafts.map(({ tree }) => tree)];
  }

  #placeOf(path: string): GraftedPlace {
    for (const { at, tree } of this.#grafts) {
      if (path === at) return { tree, path: '' };
      if (path.startsWith(`${at}/`)) return { tree, path: path.slice(at.length + 1) };
    }
    return { tree: this.#root, path };
  }
}
