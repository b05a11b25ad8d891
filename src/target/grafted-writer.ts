import { OdoError } from '../errors/odo-error.ts';
import type { GraftedPlace } from './grafted-tree.ts';
import type { FileToPatch, FileToWrite, Tree, TreeWriter } from './tree.ts';

/** One writer for several trees; that of a grafted one is opened when the first entry goes there. */
export class GraftedWriter implements TreeWriter {
  readonly #writers: Map<Tree, TreeWriter>;
  readonly #placeOf: (path: string) => GraftedPlace;
  readonly #open: (tree: Tree) => Promise<TreeWriter>;
  /** That of the file which is open. */
  #current: TreeWriter | null = null;

  /** `writers`: those that are open already. */
  constructor(
    writers: Map<Tree, TreeWriter>,
    placeOf: (path: string) => GraftedPlace,
    open: (tree: Tree) => Promise<TreeWriter>,
  ) {
    this.#writers = writers;
    this.#placeOf = placeOf;
    this.#open = open;
  }

  /** For the file that is open; without one, for all files so far. */
  get continuesFiles(): boolean {
    const asked = this.#current === null ? [...this.#writers.values()] : [this.#current];
    return asked.every((writer) => writer.continuesFiles);
  }

  async makeDirectory(path: string): Promise<void> {
    const place = this.#placeOf(path);
    if (place.path === '' && path !== '') return; // a tree's root is there
    await (await this.#writerOf(place)).makeDirectory(place.path);
  }

  async makeLink(path: string, target: string): Promise<void> {
    const place = this.#placeOf(path);
    await (await this.#writerOf(place)).makeLink(place.path, target);
  }

  async beginFile(file: FileToWrite, fromByte: number): Promise<void> {
    const place = this.#placeOf(file.path);
    this.#current = await this.#writerOf(place);
    await this.#current.beginFile({ ...file, path: place.path }, fromByte);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#opened().write(bytes);
  }

  async beginPatch(file: FileToPatch): Promise<void> {
    const place = this.#placeOf(file.path);
    this.#current = await this.#writerOf(place);
    await this.#current.beginPatch({ ...file, path: place.path });
  }

  async patch(bytes: Uint8Array, position: number): Promise<void> {
    await this.#opened().patch(bytes, position);
  }

  async endFile(): Promise<void> {
    const current = this.#opened();
    this.#current = null;
    await current.endFile();
  }

  async startSync(): Promise<{ onDisk: Promise<void> }> {
    const started: Promise<void>[] = [];
    for (const writer of this.#writers.values()) started.push((await writer.startSync()).onDisk);
    const onDisk = Promise.all(started).then(() => {});
    // Whoever waits is told; nobody need.
    onDisk.catch(() => {});
    return { onDisk };
  }

  async sync(): Promise<void> {
    await (await this.startSync()).onDisk;
  }

  async close(): Promise<void> {
    for (const writer of this.#writers.values()) await writer.close();
  }

  #opened(): TreeWriter {
    if (this.#current === null) throw new OdoError('BUG', 'A file was written that had not been begun.');
    return this.#current;
  }

  async #writerOf({ tree }: GraftedPlace): Promise<TreeWriter> {
    const known = this.#writers.get(tree);
    if (known !== undefined) return known;
    const writer = await this.#open(tree);
    this.#writers.set(tree, writer);
    return writer;
  }
}
