import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OdoError } from '../errors/odo-error.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';

/** Bytes of one read. @unit bytes */
const chunkBytes = 1024 * 1024;

const codeOf = (error: unknown): string | null =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null;

function directoryError(cause: unknown, path: string): OdoError {
  if (cause instanceof OdoError) return cause;
  const code = codeOf(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') {
    return new OdoError('OBJECT_NOT_FOUND', `There is no file ${path}.`, {
      hint: 'List what is there with: odo backups',
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new OdoError('ACCESS_DENIED', `${path} cannot be read by this user.`, {
      hint: 'Run odo as a user that may read it, or change its permissions.',
      cause,
    });
  }
  return new OdoError('STORAGE_UNAVAILABLE', `${path} cannot be read${code === null ? '' : ` (${code})`}.`, {
    hint: 'Check the disk or mount it lies on, then resume.',
    cause,
  });
}

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
    if (found instanceof Error && codeOf(found) !== 'ENOENT' && codeOf(found) !== 'ENOTDIR')
      throw directoryError(found, directory);
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
        etag: `${found.size}-${found.mtimeNs}`,
        modifiedAt: new Date(Number(found.mtimeMs)).toISOString(),
        storageClass: null,
      };
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
      throw directoryError(error, path);
    }
  }

  /** Names in one folder, in key order: a folder sorts with its slash, as it would in a bucket. */
  async function entriesOf(folder: string): Promise<string[]> {
    try {
      const entries = await readdir(pathOf(folder), { withFileTypes: true });
      const names = await Promise.all(
        entries.map(async (entry) => {
          const isFolder =
            entry.isDirectory() || (entry.isSymbolicLink() && (await linksToDirectory(folder + entry.name)));
          return isFolder ? `${entry.name}/` : entry.name;
        }),
      );
      return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
      throw directoryError(error, pathOf(folder));
    }
  }

  async function linksToDirectory(key: string): Promise<boolean> {
    return stat(pathOf(key)).then(
      (found) => found.isDirectory(),
      () => false,
    );
  }

  async function* walk(
    folder: string,
    prefix: string,
    after: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    for (const name of await entriesOf(folder)) {
      signal.throwIfAborted();
      const key = folder + name;
      if (name.endsWith('/')) {
        const mayMatch = key.startsWith(prefix) || prefix.startsWith(key);
        // Everything in a folder lies behind the folder's own name and before its successor.
        const isBehind = after === null || key > after || after.startsWith(key);
        if (mayMatch && isBehind) yield* walk(key, prefix, after, signal);
      } else if (key.startsWith(prefix) && (after === null || key > after)) {
        yield key;
      }
    }
  }

  async function readAll(
    handle: FileHandle,
    from: number,
    to: number,
    path: string,
    give: (chunk: Uint8Array) => void,
  ): Promise<number> {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, to - from));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
    if (bytesRead === 0) {
      throw new OdoError('OBJECT_TRUNCATED', `${path} ends at byte ${from}, before ${to}.`, {
        hint: 'The file became shorter while it was read.',
      });
    }
    give(buffer.subarray(0, bytesRead));
    return from + bytesRead;
  }

  return {
    description: `file://${directory}`,

    async *list(prefix, { signal, startAfter }) {
      await requireDirectory();
      const slash = prefix.lastIndexOf('/') + 1;
      for await (const key of walk(prefix.slice(0, slash), prefix, startAfter ?? null, signal)) {
        const object = await describe(key);
        if (object !== null) yield object;
      }
    },

    async listFolders(prefix, signal) {
      signal.throwIfAborted();
      await requireDirectory();
      const slash = prefix.lastIndexOf('/') + 1;
      const folder = prefix.slice(0, slash);
      const names = await entriesOf(folder);
      return names
        .filter((name) => name.endsWith('/'))
        .map((name) => folder + name)
        .filter((key) => key.startsWith(prefix));
    },

    async stat(key, signal) {
      signal.throwIfAborted();
      const object = await describe(key);
      if (object === null) await requireDirectory();
      return object;
    },

    async *readRange({ key, etag }, { from, to }, signal) {
      if (to <= from) return;
      const path = pathOf(key);
      try {
        await using handle = await open(path, constants.O_RDONLY);
        const now = await describe(key);
        if (now === null || now.etag !== etag) {
          throw new OdoError('OBJECT_CHANGED', `${path} changed since the restore was planned.`, {
            hint: 'Start a new restore; this one would mix two versions of the backup.',
            details: { key },
          });
        }
        for (let at = from; at < to; ) {
          signal.throwIfAborted();
          const chunks: Uint8Array[] = [];
          at = await readAll(handle, at, to, path, (chunk) => chunks.push(chunk));
          yield* chunks;
        }
      } catch (error) {
        signal.throwIfAborted();
        throw directoryError(error, path);
      }
    },

    async readSmall(key, signal) {
      const path = pathOf(key);
      try {
        return await readFile(path, { signal });
      } catch (error) {
        signal.throwIfAborted();
        throw directoryError(error, path);
      }
    },

    close() {},
  };
}
