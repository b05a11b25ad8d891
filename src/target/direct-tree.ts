import { chmodSync, constants, lchownSync, lstatSync, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { currentBootId } from './boot-id.ts';
import { DirectWriter } from './direct-writer.ts';
import { DirectoryGuard } from './directory-guard.ts';
import {
  createFileDurably,
  renameDurably,
  syncDirectory,
  syncFile,
  syncParents,
  writeFileDurably,
} from './durable-fs.ts';
import { openFileSystemSync } from './file-system-sync.ts';
import { atPath, isAbsent, systemCode } from './fs-errors.ts';
import { mountPointsBelow } from './mount-points.ts';
import type { HandedFiles, Owner, TreeListing, TreeWriter, TreeWriterOptions, WorkTree } from './tree.ts';
import { splitEntryPath, splitTreePath } from './tree-path.ts';
import { syncfsFromFiles } from './unsynced.ts';
import {
  hasEntries,
  lstatIfThere,
  removeEntry,
  removeVisited,
  walkDirectory,
  walkInTurns,
} from './walk-directory.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Belongs to the file system (ext4 makes it in a mount's root), not to what is stored there. */
export const fileSystemsOwn = 'lost+found';

/** A directory that this process can write. It need not exist before it is written to. */
export class DirectTree implements WorkTree {
  readonly description: string;
  readonly localPath: string;
  readonly #isStored: (name: string) => boolean;

  /** `reserved`: names in the root that are not part of what is stored: never cleared, owned or counted. */
  constructor(
    path: string,
    options: { readonly description?: string; readonly reserved?: readonly string[] } = {},
  ) {
    this.localPath = path;
    this.description = options.description ?? path;
    this.#isStored = (name) => name !== fileSystemsOwn && !options.reserved?.includes(name);
  }

  localPathOf(path: string): string {
    return join(this.localPath, ...splitTreePath(path));
  }

  async openWriter(signal: AbortSignal, options: TreeWriterOptions = {}): Promise<TreeWriter> {
    await this.#enter([]);
    return DirectWriter.open(this.localPath, signal, options);
  }

  readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
    return this.#withFile(path, async (file, place, { size }) => {
      if (size > maxBytes) throw tooLarge(place, maxBytes);
      return file.readFile();
    });
  }

  readPart(path: string, position: number, maxBytes: number): Promise<Uint8Array | null> {
    return this.#withFile(path, async (file, _place, { size }) => {
      const wanted = Buffer.allocUnsafe(Math.max(0, Math.min(maxBytes, size - position)));
      let bytes = 0;
      while (bytes < wanted.length) {
        const { bytesRead } = await file.read(wanted, bytes, wanted.length - bytes, position + bytes);
        if (bytesRead === 0) break;
        bytes += bytesRead;
      }
      return wanted.subarray(0, bytes);
    });
  }

  async writeFile(path: string, content: Uint8Array | string, mode: number): Promise<void> {
    const place = await this.#placeFor(path);
    await atPath(place, () => writeFileDurably(place, content, mode));
  }

  async createFile(path: string, aside: string, content: string, mode: number): Promise<boolean> {
    const place = await this.#placeFor(path);
    return atPath(place, () => createFileDurably(place, join(place, '..', aside), content, mode));
  }

  async rename(from: string, to: string): Promise<void> {
    const source = join(this.localPath, ...splitEntryPath(from));
    const isThere =
      (await this.#find(from)) !== null && (await atPath(source, () => lstatIfThere(source))) !== null;
    const destination = isThere ? await this.#placeFor(to) : await this.#find(to);
    if (isThere && destination !== null) return atPath(source, () => renameDurably(source, destination));
    if (destination === null || (await atPath(destination, () => lstatIfThere(destination))) === null) {
      throw new OdoError('TARGET_CHANGED', `${source} is to become ${to}, but neither is there.`, {
        details: { from, to },
      });
    }
    // An earlier attempt may have ended between the rename and its way to the disk.
    await atPath(destination, async () => {
      const sourceParent = await this.#find(from);
      await syncParents(sourceParent ?? destination, destination);
    });
  }

  async remove(path: string): Promise<void> {
    const place = await this.#find(path);
    if (place === null) return;
    await atPath(place, async () => {
      await removeEntry(place);
      await syncDirectory(join(place, '..'));
    });
  }

  async handOver({ from, to, names, owner }: HandedFiles): Promise<void> {
    const source = await this.#folder(from);
    const destination = await this.#folder(to);
    for (const name of names) {
      const place = join(source, ...splitEntryPath(name));
      await atPath(place, async () => {
        ownEntry(place, owner);
        await fs.rename(place, join(destination, name));
      });
    }
  }

  async removeFiles(folder: string, names: readonly string[]): Promise<void> {
    const directory = await new DirectoryGuard(this.localPath).find(splitTreePath(folder), 'leave');
    if (directory === null) return;
    for (const name of names) {
      const place = join(directory, ...splitEntryPath(name));
      await atPath(place, () => fs.rm(place, { force: true }));
    }
  }

  async bootId(): Promise<string | null> {
    return currentBootId();
  }

  async list(path: string): Promise<TreeListing[]> {
    const directory = await new DirectoryGuard(this.localPath).find(splitTreePath(path), 'leave');
    if (directory === null) return [];
    const entries = await atPath(directory, () => fs.readdir(directory, { withFileTypes: true }));
    return entries
      .map((entry) => ({ name: entry.name, kind: kindOf(entry) }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  async clear(keep: readonly string[]): Promise<void> {
    const root = await this.#enter([]);
    const isRemoved = (name: string): boolean => this.#isStored(name) && !keep.includes(name);
    await atPath(root, () => walkDirectory(root, removeVisited, isRemoved));
    await atPath(root, () => syncDirectory(root));
  }

  async own(owner: Owner): Promise<void> {
    const root = await this.#enter([]);
    await atPath(root, () => walkInTurns(root, (path) => ownEntry(path, owner), this.#isStored));
    await atPath(root, async () => ownEntry(root, owner));
  }

  async sync(): Promise<void> {
    const root = await this.#enter([]);
    if (await atPath(root, () => this.#syncAtOnce(root))) return;
    await atPath(root, () =>
      walkDirectory(
        root,
        async (path, entry) => {
          if (entry.isFile()) await syncFile(path, 'metadata');
          if (entry.isDirectory()) await syncDirectory(path);
        },
        this.#isStored,
      ),
    );
    await atPath(root, () => syncDirectory(root));
  }

  /** False when there is too little to sync for that, or it would not reach everything. */
  async #syncAtOnce(root: string): Promise<boolean> {
    const inside = await mountPointsBelow(await fs.realpath(root));
    if (inside.length > 0 || !hasEntries(root, syncfsFromFiles, this.#isStored)) return false;
    return (await openFileSystemSync(root)).sync(new AbortController().signal);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await atPath(this.localPath, () => fs.statfs(this.localPath));
    return bavail * bsize;
  }

  async usedBytes(): Promise<number> {
    let blocks = 0;
    const root = await new DirectoryGuard(this.localPath).find([], 'leave');
    if (root === null) return 0;
    const count = (path: Buffer): void => {
      blocks += lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0;
    };
    await atPath(root, () => walkInTurns(root, count, this.#isStored));
    return blocks * 512;
  }

  /** Of the root; null when it is absent. */
  async owner(): Promise<Owner | null> {
    const stats = await atPath(this.localPath, () => lstatIfThere(this.localPath));
    return stats && { uid: stats.uid, gid: stats.gid };
  }

  /** What the symbolic links right under `path` point to; empty when it is absent. */
  async linkTargets(path: string): Promise<string[]> {
    const links = (await this.list(path)).filter(({ kind }) => kind === 'link');
    const places = links.map(({ name }) => join(this.localPath, ...splitTreePath(path), name));
    return Promise.all(places.map((place) => atPath(place, () => fs.readlink(place))));
  }

  #enter(parts: readonly string[]): Promise<string> {
    return new DirectoryGuard(this.localPath).enter(parts);
  }

  /** Absolute path of a directory that is there. */
  async #folder(path: string): Promise<string> {
    const found = await new DirectoryGuard(this.localPath).find(splitTreePath(path), 'leave');
    if (found !== null) return found;
    throw new OdoError('TARGET_NOT_FOUND', `The directory ${this.description}/${path} does not exist.`);
  }

  /** Absolute path of an entry, its parents made when missing, and their names brought to disk. */
  async #placeFor(path: string): Promise<string> {
    const parts = splitEntryPath(path);
    const parents: string[] = [];
    await new DirectoryGuard(this.localPath, (parent) => parents.push(parent)).enter(parts.slice(0, -1));
    for (const parent of parents) await atPath(parent, () => syncDirectory(parent));
    return join(this.localPath, ...parts);
  }

  /** Null when it is absent. */
  async #withFile<Result>(
    path: string,
    read: (file: fs.FileHandle, place: string, stats: Stats) => Promise<Result>,
  ): Promise<Result | null> {
    const place = await this.#find(path);
    if (place === null) return null;
    return atPath(place, async () => {
      let opened: fs.FileHandle;
      try {
        opened = await fs.open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
      await using handle = opened;
      const stats = await handle.stat();
      if (!stats.isFile())
        throw new OdoError('STEP_FAILED', `${place} is not a file.`, { details: { path } });
      return await read(handle, place, stats);
    });
  }

  /** Absolute path of an entry; null when a directory above it is absent. */
  async #find(path: string): Promise<string | null> {
    const parts = splitEntryPath(path);
    const parent = await new DirectoryGuard(this.localPath).find(parts.slice(0, -1), 'leave');
    return parent === null ? null : join(this.localPath, ...parts);
  }
}

export function tooLarge(place: string, maxBytes: number): OdoError {
  return new OdoError('STEP_FAILED', `${place} is larger than ${maxBytes} bytes.`, {
    details: { place, maxBytes },
  });
}

function kindOf(entry: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}): TreeListing['kind'] {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

/** What is as wanted already is left alone: without being root, chown is refused even when it changes nothing. */
function ownEntry(path: string | Buffer, owner: Owner): void {
  const stats = lstatSync(path);
  if (stats.uid !== owner.uid || stats.gid !== owner.gid) {
    try {
      lchownSync(path, owner.uid, owner.gid);
    } catch (error) {
      if (systemCode(error) !== 'EPERM') throw error;
      throw new OdoError(
        'PRECONDITION_FAILED',
        `odo may not give ${path.toString()} to ${owner.uid}:${owner.gid}.`,
        {
          hint: `Run odo as root, or as uid ${owner.uid}.`,
          details: { path: path.toString(), owner },
          cause: error,
        },
      );
    }
  }
  if (stats.isSymbolicLink()) return;
  const mode = stats.isDirectory() ? 0o700 : 0o600;
  // chown takes the set-id bits away, and there are none to keep.
  if ((stats.mode & 0o7777) !== mode) chmodSync(path, mode);
}
