import type { WalObject } from '../backup/base-backup.ts';
import type { Owner, TreeWriter, WorkTree } from '../target/tree.ts';
import { fetchWalObject, type WalSource } from './fetch-wal-object.ts';
import { incomingWalFolder, spoolBoot, walFolder } from './layout.ts';
import { refusalOf } from './restore-command.ts';

export interface SpoolOptions {
  readonly tree: WorkTree;
  /** The server's user. */
  readonly owner: Owner;
  readonly source: WalSource;
  readonly signal: AbortSignal;
}

/**
 * The WAL that waits in the work directory for its replay. What has its name there is whole and was checked: it is
 * written elsewhere and comes by a rename. Nothing is brought to disk, as most of it is read and removed before it
 * would have got there; so what is found there counts only until the machine starts again.
 */
export class WalSpool {
  readonly #options: SpoolOptions;
  /** Between two uses. */
  readonly #writers: TreeWriter[] = [];

  private constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Removes what must not be handed to the server: what is not in `planned`, halves, refusals, what a power cut spoilt. */
  static async open(options: SpoolOptions, planned: ReadonlySet<string>): Promise<WalSpool> {
    const { tree, signal } = options;
    const boot = await tree.bootId();
    const found = await tree.readFile(spoolBoot, 4096);
    if (boot === null || found === null || Buffer.from(found).toString() !== boot) {
      await tree.remove(walFolder);
      await tree.writeFile(spoolBoot, boot ?? 'unknown', 0o600);
    }
    await tree.remove(incomingWalFolder);
    const writer = await tree.openWriter(signal);
    try {
      for (const folder of [walFolder, incomingWalFolder]) await writer.makeDirectory(folder);
      await writer.sync();
    } finally {
      await writer.close();
    }
    const spool = new WalSpool(options);
    await spool.remove((await spool.names()).filter((name) => !planned.has(name)));
    return spool;
  }

  /** Everything that is there. */
  async names(): Promise<string[]> {
    return (await this.#options.tree.list(walFolder)).map(({ name }) => name);
  }

  /** Returns their bytes. @throws ARCHIVE_CORRUPT, and what store and tree throw */
  async bring(objects: readonly WalObject[], signal: AbortSignal): Promise<number> {
    const { source, tree, owner } = this.#options;
    const names = objects.map(({ name }) => name);
    const writer = this.#writers.pop() ?? (await this.#openWriter());
    let isWhole = false;
    let bytes = 0;
    try {
      for (const object of objects) {
        const path = `${incomingWalFolder}/${object.name}`;
        bytes += await fetchWalObject(source, object, { writer, path, signal });
      }
      await writer.sync();
      isWhole = true;
    } finally {
      if (isWhole) this.#writers.push(writer);
      else await this.#giveUp(writer, names);
    }
    await tree.handOver({ from: incomingWalFolder, to: walFolder, names, owner });
    return bytes;
  }

  async remove(names: readonly string[]): Promise<void> {
    await this.#options.tree.removeFiles(walFolder, names);
  }

  /** The server's command fails for this name from now on, and so does the server. */
  async refuse(name: string): Promise<void> {
    await this.#options.tree.writeFile(`${walFolder}/${refusalOf(name)}`, '', 0o644);
  }

  async close(): Promise<void> {
    await Promise.all(this.#writers.splice(0).map((writer) => writer.close()));
  }

  /** A file may be open in the writer, and what is half written would take room. */
  async #giveUp(writer: TreeWriter, names: readonly string[]): Promise<void> {
    try {
      await writer.close();
      await this.#options.tree.removeFiles(incomingWalFolder, names);
    } catch {
      // Why the files could not be brought says more; the next spool removes them.
    }
  }

  #openWriter(): Promise<TreeWriter> {
    return this.#options.tree.openWriter(this.#options.signal, { durable: false, isReadSoon: true });
  }
}
