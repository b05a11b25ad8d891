import { posix } from 'node:path';
import { promisify } from 'node:util';
import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';
import { OdoError } from '../errors/odo-error.ts';
import { toErrorData } from '../errors/serialize.ts';
import type { SshCredentials } from './credentials.ts';
import { type FolderEntry, foldersUnder, inKeyOrder, walkFolders } from './folder-walk.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import type { ByteRange } from './range-location.ts';
import { RelayMemory } from './relay-memory.ts';
import { withRetries } from './retryable.ts';
import { sftpError, sftpStatus, statusOf } from './sftp-errors.ts';
import { readInto } from './sftp-read.ts';
import { type SftpServer, SftpSession } from './sftp-session.ts';

export interface SftpStorageOptions extends SftpServer {
  /** Absolute path of the directory that holds the backups. */
  readonly directory: string;
  readonly credentials: SshCredentials | null;
}

interface SftpEntry extends FolderEntry {
  readonly attributes: Stats;
}

/** Dates come in seconds: a file that is replaced within one by another of the same size looks the same. */
const etagOf = ({ size, mtime }: Pick<Stats, 'size' | 'mtime'>): string => `${size}-${mtime}`;

/** A directory of an SFTP server read like a bucket: keys are paths below it. */
export function openSftpStorage(options: SftpStorageOptions): ObjectStorage {
  const { directory } = options;
  const session = new SftpSession(options, options.credentials);

  function pathOf(key: string): string {
    if (key.split('/').includes('..') || key.includes('\0')) {
      throw new OdoError('OBJECT_NOT_FOUND', `There is no file ${JSON.stringify(key)} in ${directory}.`, {
        hint: 'Keys are paths below the directory.',
      });
    }
    return posix.join(directory, key);
  }

  /** One operation on the connection; its failure is translated. */
  async function once<Output>(
    path: string,
    signal: AbortSignal,
    use: (sftp: SFTPWrapper) => Promise<Output>,
  ): Promise<Output> {
    signal.throwIfAborted();
    try {
      const output = await session.use(use);
      signal.throwIfAborted();
      return output;
    } catch (error) {
      signal.throwIfAborted();
      throw sftpError(error, { server: session.name, path });
    }
  }

  const retried = <Output>(
    path: string,
    signal: AbortSignal,
    use: (sftp: SFTPWrapper) => Promise<Output>,
  ): Promise<Output> => withRetries(signal, () => once(path, signal, use));

  async function statOrNull(path: string, signal: AbortSignal): Promise<Stats | null> {
    try {
      return await retried(path, signal, (sftp) => statOf(sftp, path));
    } catch (error) {
      if (error instanceof OdoError && error.code === 'OBJECT_NOT_FOUND') return null;
      throw error;
    }
  }

  async function requireDirectory(signal: AbortSignal): Promise<void> {
    const found = await statOrNull(directory, signal);
    if (found?.isDirectory()) return;
    throw new OdoError('BUCKET_NOT_FOUND', `There is no directory ${directory} at ${session.name}.`, {
      hint: 'Check the path in the backup address: it is absolute, not relative to the home directory.',
      details: { server: session.name, path: directory },
    });
  }

  async function entriesOf(folder: string, signal: AbortSignal): Promise<SftpEntry[]> {
    const path = pathOf(folder);
    let entries: FileEntryWithStats[];
    try {
      entries = await retried(path, signal, (sftp) => listOf(sftp, path));
    } catch (error) {
      if (error instanceof OdoError && error.code === 'OBJECT_NOT_FOUND') return [];
      throw error;
    }
    const named = entries.map(async ({ filename, attrs }): Promise<SftpEntry | null> => {
      // A listing shows a link, not what it leads to.
      const attributes = attrs.isSymbolicLink()
        ? await statOrNull(posix.join(path, filename), signal)
        : attrs;
      if (attributes === null || filename === '.' || filename === '..') return null;
      return { name: attributes.isDirectory() ? `${filename}/` : filename, attributes };
    });
    return inKeyOrder((await Promise.all(named)).filter((entry) => entry !== null));
  }

  const objectOf = (key: string, attributes: Stats): StoredObject => ({
    key,
    sizeBytes: attributes.size,
    etag: etagOf(attributes),
    modifiedAt: new Date(attributes.mtime * 1000).toISOString(),
    storageClass: null,
  });

  async function readRange(
    key: string,
    etag: string,
    range: ByteRange,
    relay: RelayMemory,
    signal: AbortSignal,
  ) {
    const path = pathOf(key);
    await once(path, signal, async (sftp) => {
      const handle = await openOf(sftp, path);
      try {
        const found = await promisify(sftp.fstat.bind(sftp))(handle);
        if (!found.isFile() || etagOf(found) !== etag) {
          throw new OdoError(
            'OBJECT_CHANGED',
            `${path} at ${session.name} changed since the restore was planned.`,
            {
              hint: 'Start a new restore; this one would mix two versions of the backup.',
              details: { key },
            },
          );
        }
        const target = Buffer.from(relay.memory, relay.bytes.byteOffset, range.to - range.from);
        await readInto(sftp, handle, range.from, target, {
          onProgress: (bytes) => relay.advance(bytes),
          isWanted: () => !relay.isUnwanted && !signal.aborted,
          name: path,
        });
      } finally {
        sftp.close(handle, () => undefined);
      }
    });
  }

  return {
    description: `${session.name}${directory}`,

    async *list(prefix, { signal, startAfter }) {
      signal.throwIfAborted();
      await requireDirectory(signal);
      const within = (folder: string) => entriesOf(folder, signal);
      for await (const { key, entry } of walkFolders(within, { prefix, after: startAfter ?? null, signal }))
        if (entry.attributes.isFile()) yield objectOf(key, entry.attributes);
    },

    async listFolders(prefix, signal) {
      await requireDirectory(signal);
      return foldersUnder((folder) => entriesOf(folder, signal), prefix);
    },

    async stat(key, signal) {
      const found = await statOrNull(pathOf(key), signal);
      if (found?.isFile()) return objectOf(key, found);
      await requireDirectory(signal);
      return null;
    },

    async locate({ key, etag }, range, signal) {
      signal.throwIfAborted();
      const relay = RelayMemory.forBytes(range.to - range.from);
      // Nobody waits for it: what becomes of it is told through the memory.
      readRange(key, etag, range, relay, signal).then(
        () => relay.end(null),
        (error: unknown) => relay.end(toErrorData(error)),
      );
      return { kind: 'relayed', memory: relay.memory, range, key };
    },

    async readSmall(key, signal) {
      const path = pathOf(key);
      return retried(path, signal, async (sftp) => {
        const handle = await openOf(sftp, path);
        try {
          const { size } = await promisify(sftp.fstat.bind(sftp))(handle);
          const bytes = Buffer.alloc(size);
          await readInto(sftp, handle, 0, bytes, { isWanted: () => !signal.aborted, name: path });
          return bytes;
        } finally {
          sftp.close(handle, () => undefined);
        }
      });
    },

    async writeSmall(key, bytes, signal) {
      const path = pathOf(key);
      await retried(path, signal, async (sftp) => {
        await makeFolder(sftp, posix.dirname(path));
        const temporary = `${path}.odo-tmp`;
        // Not for everybody: an index holds pieces of the database.
        await promisify(sftp.writeFile.bind(sftp) as WriteFile)(temporary, Buffer.from(bytes), {
          mode: 0o640,
        });
        // The rename of SFTP itself does not replace a file.
        await promisify(sftp.ext_openssh_rename.bind(sftp))(temporary, path);
      });
    },

    close() {
      session.close();
    },
  };
}

type WriteFile = (
  path: string,
  bytes: Buffer,
  options: { readonly mode: number },
  done: (error?: Error | null) => void,
) => void;

const statOf = (sftp: SFTPWrapper, path: string): Promise<Stats> => promisify(sftp.stat.bind(sftp))(path);

const openOf = (sftp: SFTPWrapper, path: string): Promise<Buffer> =>
  promisify(
    sftp.open.bind(sftp) as (
      path: string,
      mode: 'r',
      done: (e: Error | undefined, h: Buffer) => void,
    ) => void,
  )(path, 'r');

const listOf = (sftp: SFTPWrapper, path: string): Promise<FileEntryWithStats[]> =>
  promisify(
    sftp.readdir.bind(sftp) as (
      path: string,
      done: (e: Error | undefined, l: FileEntryWithStats[]) => void,
    ) => void,
  )(path);

async function makeFolder(sftp: SFTPWrapper, path: string): Promise<void> {
  try {
    await statOf(sftp, path);
  } catch (error) {
    if (statusOf(error) !== sftpStatus.noSuchFile) throw error;
    await makeFolder(sftp, posix.dirname(path));
    await promisify(sftp.mkdir.bind(sftp) as (path: string, done: (e?: Error | null) => void) => void)(path);
  }
}
