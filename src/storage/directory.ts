import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import { fileEtag } from './etag.ts';
import { fileError, systemCode } from './file-errors.ts';
import { type FolderEntry, foldersUnder, inKeyOrder, walkFolders } from './folder-walk.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';

/** A directory of backup files read like a bucket: keys are paths relative to it, `/` between components. */
export function openDirectoryStorage(directory: string): ObjectStorage {
  function pathOf(key: string): string {
    if (key.split('/').some((part) => part === '..') || key.includes('\0')) {
      throw new OdoError('OBJECT_NOT_FOUND', `There is no file ${JSON.stringify(key)} in ${directory}.`, {
        hint: 'Keys are paths below the directory.',
      });
    }
    return join(directory, key);
  }

  async function requireDirectory(): Promise<void> {
    const found = await stat(directory).catch((cause: unknown) => cause);
    if (found instanceof Error && systemCode(found) !== 'ENOENT' && systemCode(found) !== 'ENOTDIR')
      throw fileError(found, directory);
    if (found instanceof Error || !(found as { isDirectory(): boolean }).isDirectory()) {
      throw new OdoError('BUCKET_NOT_FOUND', `There is no directory ${directory}.`, {
        hint: 'Check the path in the backup address.',
        cause: found instanceof Error ? found : undefined,
      });
    }
  }

  async function describe(key: string): Promise<StoredObject | null> {
    const path = pathOf(key);
    try {
      const found = await stat(path, { bigint: true });
      if (!found.isFile()) return null;
      return {
        key,
        sizeBytes: Number(found.size),
        etag: fileEtag(found),
        modifiedAt: new Date(Number(found.mtimeMs)).toISOString(),
        storageClass: null,
      };
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null;
      throw fileError(error, path);
    }
  }

  async function entriesOf(folder: string): Promise<FolderEntry[]> {
    try {
      const entries = await readdir(pathOf(folder), { withFileTypes: true });
      const named = await Promise.all(
        entries.map(async (entry) => {
          const isFolder =
            entry.isDirectory() || (entry.isSymbolicLink() && (await linksToDirectory(folder + entry.name)));
          return { name: isFolder ? `${entry.name}/` : entry.name };
        }),
      );
      return inKeyOrder(named);
    } catch (error) {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
      throw fileError(error, pathOf(folder));
    }
  }

  async function linksToDirectory(key: string): Promise<boolean> {
    return stat(pathOf(key)).then(
      (found) => found.isDirectory(),
      () => false,
    );
  }

  return {
    description: `file://${directory}`,

    async *list(prefix, { signal, startAfter }) {
      await requireDirectory();
      for await (const { key } of walkFolders(entriesOf, { prefix, after: startAfter ?? null, signal })) {
        const object = await describe(key);
        if (object !== null) yield object;
      }
    },

    async listFolders(prefix, signal) {
      signal.throwIfAborted();
      await requireDirectory();
      return foldersUnder(entriesOf, prefix);
    },

    async stat(key, signal) {
      signal.throwIfAborted();
      const object = await describe(key);
      if (object === null) await requireDirectory();
      return object;
    },

    async locate({ key, etag }, range, signal) {
      signal.throwIfAborted();
      return { kind: 'file', path: pathOf(key), range, etag, key };
    },

    async readSmall(key, signal) {
      const path = pathOf(key);
      try {
        return await readFile(path, { signal });
      } catch (error) {
        signal.throwIfAborted();
        throw fileError(error, path);
      }
    },

    async writeSmall(key, bytes, signal) {
      const path = pathOf(key);
      const temporary = `${path}.odo-tmp`;
      try {
        // Not for everybody: an index holds pieces of the database.
        await mkdir(dirname(path), { recursive: true, mode: 0o750 });
        await writeFile(temporary, bytes, { signal, mode: 0o640 });
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        signal.throwIfAborted();
        throw fileError(error, path);
      }
    },

    close() {},
  };
}
