import { basename, dirname, join } from 'node:path/posix';
import type { ExecResult } from '../docker/exec.ts';
import { OdoError } from '../errors/odo-error.ts';
import { fileSystemsOwn, tooLarge } from './direct-tree.ts';
import { EngineWriter } from './engine-writer.ts';
import { linkRefused } from './fs-errors.ts';
import { type HelperContainer, helperMount } from './helper-container.ts';
import * as scripts from './helper-scripts.ts';
import { numbersOf, scriptExit, splitZeroEnded } from './helper-scripts.ts';
import type { HandedFiles, Owner, TreeListing, TreeWriter, TreeWriterOptions, WorkTree } from './tree.ts';
import { splitEntryPath, splitTreePath } from './tree-path.ts';

/** A volume that only the engine reaches: everything goes through a helper container. */
export class EngineTree implements WorkTree {
  readonly description: string;
  readonly localPath = null;
  readonly #helper: HelperContainer;
  readonly #rootParts: readonly string[];
  readonly #absentRoot: 'make' | 'leave';
  /** Links that are known to be in the tree, relative to its root. */
  readonly #links = new Set<string>();
  #entered: Promise<void> | null = null;

  /** `subpath`: of the root below the volume's; made at first use unless the tree is only looked at. */
  constructor(helper: HelperContainer, subpath: string, absentRoot: 'make' | 'leave') {
    this.#helper = helper;
    this.#rootParts = splitTreePath(subpath);
    this.#absentRoot = absentRoot;
    this.description = [helper.description, ...this.#rootParts].join('/');
  }

  localPathOf(): null {
    return null;
  }

  async openWriter(signal: AbortSignal, { durable = true }: TreeWriterOptions = {}): Promise<TreeWriter> {
    const found = splitZeroEnded(await this.#run(scripts.links, [], signal));
    for (const link of found) this.#links.add(link.replace(/^\.\//, ''));
    return new EngineWriter({
      description: this.description,
      links: this.#links,
      signal,
      unpack: async (tar, batchSignal) => {
        const { containers } = this.#helper.docker;
        await containers.putArchive(await this.#helper.start(), this.#root, tar, batchSignal);
      },
      sync: async () => {
        if (durable) await this.#run(scripts.syncAll, [], signal);
      },
    });
  }

  async readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
    const { directory, entry } = placeOf(path);
    const result = await this.#runIfThere(scripts.readFile, [directory, entry, String(maxBytes + 1)]);
    if (result === null) return null;
    if (result.stdoutBytes.length > maxBytes) throw tooLarge(`${this.description}: ${path}`, maxBytes);
    return result.stdoutBytes;
  }

  async readPart(path: string, position: number, maxBytes: number): Promise<Uint8Array | null> {
    const { directory, entry } = placeOf(path);
    const { partBytes } = scripts;
    const first = Math.floor(position / partBytes);
    const from = position - first * partBytes;
    const count = Math.ceil((from + maxBytes) / partBytes);
    const result = await this.#runIfThere(scripts.readPart, [directory, entry, String(first), String(count)]);
    return result === null ? null : result.stdoutBytes.subarray(from, from + maxBytes);
  }

  async writeFile(path: string, content: Uint8Array | string, mode: number): Promise<void> {
    const { directory, entry } = placeOf(path);
    const temporary = `${directory}/.${basename(entry)}.odo-tmp`;
    const bytes = Buffer.from(content as string);
    const args = [directory, entry, temporary, mode.toString(8), String(bytes.length)];
    await this.#run(scripts.writeFile, args, undefined, bytes);
  }

  async createFile(path: string, aside: string, content: string, mode: number): Promise<boolean> {
    const { directory, entry } = placeOf(path);
    const bytes = Buffer.from(content);
    const args = [directory, entry, `${directory}/${aside}`, mode.toString(8), String(bytes.length)];
    const { stdout } = await this.#run(scripts.createFile, args, undefined, bytes);
    return stdout === 'made';
  }

  async rename(from: string, to: string): Promise<void> {
    const source = placeOf(from);
    const destination = placeOf(to);
    await this.#run(scripts.rename, [
      source.directory,
      source.entry,
      destination.directory,
      destination.entry,
    ]);
  }

  async remove(path: string): Promise<void> {
    const { directory, entry } = placeOf(path);
    await this.#runIfThere(scripts.remove, [directory, entry]);
  }

  async handOver({ from, to, names, owner }: HandedFiles): Promise<void> {
    const folders = [from, to].map(folderOf);
    await this.#run(scripts.handOver, [...folders, `${owner.uid}:${owner.gid}`, ...names.map(nameOf)]);
  }

  async removeFiles(folder: string, names: readonly string[]): Promise<void> {
    if (names.length > 0)
      await this.#runIfThere(scripts.removeFiles, [folderOf(folder), ...names.map(nameOf)]);
  }

  async bootId(): Promise<string | null> {
    const { stdout } = await this.#run(scripts.bootId, []);
    return stdout.trim() || null;
  }

  async list(path: string): Promise<TreeListing[]> {
    const result = await this.#runIfThere(scripts.list, [folderOf(path)]);
    if (result === null) return [];
    return splitZeroEnded(result)
      .map((line) => {
        const slash = line.indexOf('/');
        return { kind: line.slice(0, slash) as TreeListing['kind'], name: line.slice(slash + 1) };
      })
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  async clear(keep: readonly string[]): Promise<void> {
    await this.#run(scripts.clear, [...keep, fileSystemsOwn]);
  }

  async own(owner: Owner): Promise<void> {
    await this.#run(scripts.own, [`${owner.uid}:${owner.gid}`]);
  }

  async sync(): Promise<void> {
    await this.#run(scripts.syncAll, []);
  }

  async freeBytes(): Promise<number> {
    const [blocks, blockBytes] = numbersOf(await this.#run(scripts.freeSpace, []));
    return blocks * blockBytes;
  }

  async usedBytes(): Promise<number> {
    const result = await this.#runIfThere(scripts.usedSpace, []);
    if (result === null) return 0;
    const [kibibytes, rootBlocks] = numbersOf(result);
    return kibibytes * 1024 - rootBlocks * 512;
  }

  /** Of the root; null when it is absent. */
  async owner(): Promise<Owner | null> {
    const result = await this.#runIfThere(scripts.owner, []);
    if (result === null) return null;
    const [uid, gid] = numbersOf(result);
    return { uid, gid };
  }

  /** What the symbolic links right under `path` point to; empty when it is absent. */
  async linkTargets(path: string): Promise<string[]> {
    const result = await this.#runIfThere(scripts.linkTargets, [folderOf(path)]);
    return result === null ? [] : splitZeroEnded(result);
  }

  /** Number of the device that the root lies on; null when it is absent. */
  async device(): Promise<string | null> {
    const result = await this.#runIfThere(scripts.device, []);
    return result === null ? null : result.stdout.trim();
  }

  get #root(): string {
    return join(helperMount, ...this.#rootParts);
  }

  #enter(): Promise<void> {
    this.#entered ??= this.#helper
      .run(scripts.enterRoot, [helperMount, this.#absentRoot, ...this.#rootParts])
      .then((result) => this.#check(result))
      .catch((error: unknown) => {
        this.#entered = null;
        throw error;
      });
    return this.#entered;
  }

  async #run(
    script: string,
    args: readonly string[],
    signal?: AbortSignal,
    stdin?: Uint8Array,
  ): Promise<ExecResult> {
    await this.#enter();
    const options = { ...(signal && { signal }), ...(stdin && { stdin }) };
    const result = await this.#helper.run(script, [this.#root, ...args], options);
    this.#check(result);
    return result;
  }

  /** Null when what it is about is not there. */
  async #runIfThere(script: string, args: readonly string[]): Promise<ExecResult | null> {
    try {
      return await this.#run(script, args);
    } catch (error) {
      if (error instanceof ScriptAbsence) return null;
      throw error;
    }
  }

  #check({ exitCode, stderr }: ExecResult): void {
    const said = stderr.trim();
    const place = `${this.description}: ${said}`;
    switch (exitCode) {
      case 0:
        return;
      case scriptExit.absent:
        throw new ScriptAbsence('TARGET_NOT_FOUND', `Something is missing in ${this.description}.`);
      case scriptExit.rootMissing:
        throw new ScriptAbsence('TARGET_NOT_FOUND', `The directory ${this.description} does not exist.`);
      case scriptExit.throughLink:
        throw linkRefused(place);
      case scriptExit.notDirectory:
        throw new OdoError('ENTRY_REFUSED', `${place} stands where a directory is needed.`);
      case scriptExit.notFile:
        throw new OdoError('STEP_FAILED', `What is to be read in ${this.description} is not a file.`);
      case scriptExit.neitherThere:
        throw new OdoError('TARGET_CHANGED', `A file to be renamed in ${this.description} is gone.`);
      case scriptExit.incomplete:
        throw new OdoError(
          'ENGINE_FAILED',
          `The connection broke while odo wrote a file in ${this.description}.`,
        );
      default:
        throw failureOf(exitCode, said, this.description);
    }
  }
}

/** Not a failure for those who ask whether something is there. */
class ScriptAbsence extends OdoError {}

/** The tools give the errno only as text (LC_ALL=C). */
function failureOf(exitCode: number, said: string, description: string): OdoError {
  const details = { exitCode, stderr: said };
  if (/No space left on device|Disk quota exceeded/.test(said)) {
    return new OdoError('NOT_ENOUGH_SPACE', `No space is left in ${description}: ${said}`, {
      hint: 'Free space where the engine keeps its volumes, then resume the run.',
      details,
    });
  }
  if (/Permission denied|Operation not permitted|Read-only file system/.test(said)) {
    return new OdoError('PRECONDITION_FAILED', `odo is not permitted to change ${description}: ${said}`, {
      details,
    });
  }
  return new OdoError('STEP_FAILED', `Work in ${description} failed: ${said || `exit code ${exitCode}`}`, {
    details,
  });
}

const folderOf = (path: string): string => ['.', ...splitTreePath(path)].join('/');

/** Of a file in a folder. */
const nameOf = (name: string): string => splitEntryPath(name).join('/');

function placeOf(path: string): { directory: string; entry: string } {
  const entry = ['.', ...splitEntryPath(path)].join('/');
  return { directory: dirname(entry), entry };
}
