import { OdoError } from '../errors/odo-error.ts';
import type { WebCredentials } from './credentials.ts';
import { bareEtag } from './etag.ts';
import { type FolderEntry, foldersUnder, inKeyOrder, walkFolders } from './folder-walk.ts';
import { httpAddressOf } from './http-address.ts';
import { httpError } from './http-errors.ts';
import { fetchOnce, readAnswer } from './http-fetch.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import { isRetryable, withRetries } from './retryable.ts';
import { bucketNotFound, type StoreAttempt } from './store-errors.ts';
import { namesOfIndex } from './web-index.ts';

export interface WebStorageOptions {
  /** Of the folder, with a slash at its end; nothing secret in it. */
  readonly url: string;
  readonly credentials: WebCredentials | null;
  /** Tries of one call. @default 4 */
  readonly maxAttempts?: number;
  /** Until the connection stands. @unit ms @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Until the answer's headers, and between two pieces of a small file. @unit ms @default 30000 */
  readonly answerTimeoutMs?: number;
}

/** Files that are looked for in a folder that shows no listing: what pg_basebackup -Ft leaves, and barman. */
const likelyNames = ['base.tar', 'pg_wal.tar', 'data.tar']
  .flatMap((name) => ['', '.gz', '.zst', '.lz4', '.bz2', '.snappy', '.xz'].map((end) => name + end))
  .concat('backup_manifest', 'backup.info');

/** Looked at at the same time: a listing says nothing exact about a file. */
const looksAtOnce = 16;

/** Where a server sends no ETag, the date of the last change stands for it, marked so. */
const datePrefix = 'date ';

/** Reads a folder of a web server like a bucket: keys are paths below it, a folder's objects what its index links to. */
export function openWebStorage(options: WebStorageOptions): ObjectStorage {
  const { url: base, credentials, maxAttempts = 4 } = options;
  const { connectTimeoutMs = 10_000, answerTimeoutMs = 30_000 } = options;
  const { origin } = new URL(base);
  const attemptAt = (key: string | null): StoreAttempt => ({
    store: 'web',
    bucket: base,
    endpoint: origin,
    key,
  });
  const urlOf = (key: string): string => base + key.split('/').map(encodeURIComponent).join('/');
  const authorization: Readonly<Record<string, string>> =
    credentials === null
      ? {}
      : {
          Authorization: `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`,
        };

  const retried = <Output>(signal: AbortSignal, work: () => Promise<Output>): Promise<Output> =>
    withRetries(signal, work, maxAttempts);

  const ask = (method: 'GET' | 'HEAD', key: string, signal: AbortSignal): Promise<Response> =>
    fetchOnce(urlOf(key), {
      attempt: attemptAt(key === '' ? null : key),
      signal,
      // Bytes as they lie there: a compressed answer has another length and ETag.
      headers: { ...authorization, 'Accept-Encoding': 'identity' },
      answerTimeoutMs,
      method,
    });

  async function look(key: string, signal: AbortSignal): Promise<StoredObject | null> {
    try {
      return objectOf(key, await retried(signal, () => ask('HEAD', key, signal)));
    } catch (error) {
      if (error instanceof OdoError && error.code === 'OBJECT_NOT_FOUND') return null;
      throw error;
    }
  }

  function objectOf(key: string, { headers }: Response): StoredObject {
    const changed = headers.get('last-modified');
    const tag = headers.get('etag');
    const isStrong = tag !== null && !tag.startsWith('W/');
    if (!isStrong && changed === null) {
      throw new OdoError('PRECONDITION_FAILED', `${origin} tells neither an ETag nor a date for ${key}.`, {
        hint: 'Use a server that does: otherwise nobody can tell whether a file was replaced while it is read.',
        details: { key },
      });
    }
    return {
      key,
      sizeBytes: Number(headers.get('content-length') ?? 0),
      etag: isStrong ? bareEtag(tag) : `${datePrefix}${changed}`,
      modifiedAt: new Date(changed ?? 0).toISOString(),
      storageClass: null,
    };
  }

  /** Null when the server shows no listing. */
  async function indexOf(folder: string, signal: AbortSignal): Promise<string[] | null> {
    try {
      return await retried(signal, async () => {
        const answer = await ask('GET', folder, signal);
        if (!/html/i.test(answer.headers.get('content-type') ?? '')) return null;
        return namesOfIndex(await textOf(answer, signal), urlOf(folder));
      });
    } catch (error) {
      const code = error instanceof OdoError ? error.code : null;
      if (code === 'BUCKET_NOT_FOUND' || code === 'OBJECT_NOT_FOUND' || code === 'ACCESS_DENIED') return null;
      throw error;
    }
  }

  const textOf = (answer: Response, signal: AbortSignal): Promise<string> =>
    answer.text().catch((error: unknown) => {
      signal.throwIfAborted();
      throw httpError(error, attemptAt(null));
    });

  async function entriesOf(folder: string, signal: AbortSignal): Promise<FolderEntry[]> {
    const listed = await indexOf(folder, signal);
    if (listed !== null) return inKeyOrder(listed.map((name) => ({ name })));
    const found = await lookAtAll(
      likelyNames.map((name) => folder + name),
      signal,
    );
    const names = found.flatMap((object) => (object === null ? [] : [object.key.slice(folder.length)]));
    return inKeyOrder(names.map((name) => ({ name })));
  }

  async function lookAtAll(keys: readonly string[], signal: AbortSignal): Promise<(StoredObject | null)[]> {
    const found: (StoredObject | null)[] = [];
    for (let at = 0; at < keys.length; at += looksAtOnce)
      found.push(...(await Promise.all(keys.slice(at, at + looksAtOnce).map((key) => look(key, signal)))));
    return found;
  }

  /** The folder itself: with a listing, or with at least one file that is likely. */
  async function requireFolder(signal: AbortSignal): Promise<void> {
    try {
      await retried(signal, () => ask('GET', '', signal));
    } catch (error) {
      if (!(error instanceof OdoError) || isRetryable(error)) throw error;
      if ((await entriesOf('', signal)).length > 0) return;
      throw error.code === 'ACCESS_DENIED' ? error : bucketNotFound(attemptAt(null), error);
    }
  }

  return {
    description: base,

    async *list(prefix, { signal, startAfter }) {
      signal.throwIfAborted();
      await requireFolder(signal);
      const within = (folder: string) => entriesOf(folder, signal);
      let batch: string[] = [];
      for await (const { key } of walkFolders(within, { prefix, after: startAfter ?? null, signal })) {
        batch.push(key);
        if (batch.length < looksAtOnce) continue;
        for (const object of await lookAtAll(batch, signal)) if (object !== null) yield object;
        batch = [];
      }
      for (const object of await lookAtAll(batch, signal)) if (object !== null) yield object;
    },

    async listFolders(prefix, signal) {
      signal.throwIfAborted();
      await requireFolder(signal);
      return foldersUnder((folder) => entriesOf(folder, signal), prefix);
    },

    async stat(key, signal) {
      signal.throwIfAborted();
      const object = await look(key, signal);
      if (object === null) await requireFolder(signal);
      return object;
    },

    async locate({ key, etag }, range, signal) {
      signal.throwIfAborted();
      const url = new URL(urlOf(key));
      const date = etag.startsWith(datePrefix) ? etag.slice(datePrefix.length) : null;
      return {
        kind: 'http',
        ...httpAddressOf(url),
        headers: {
          Host: url.host,
          Range: `bytes=${range.from}-${range.to - 1}`,
          'Accept-Encoding': 'identity',
          ...(date === null ? { 'If-Match': `"${etag}"` } : { 'If-Unmodified-Since': date }),
          ...authorization,
        },
        range,
        etag: date ?? etag,
        etagHeader: date === null ? 'etag' : 'last-modified',
        ...attemptAt(key),
        key,
        connectTimeoutMs,
        answerTimeoutMs,
      };
    },

    async readSmall(key, signal) {
      return retried(signal, async () => {
        const answer = await ask('GET', key, signal);
        const length = answer.headers.get('content-length');
        return readAnswer(answer, {
          attempt: attemptAt(key),
          expectedBytes: length === null ? null : Number(length),
          stallMs: answerTimeoutMs,
          signal,
        });
      });
    },

    async writeSmall(key) {
      throw new OdoError('PRECONDITION_FAILED', `${key} cannot be written to a web server.`, {
        hint: 'Leave out --publish-index, or name the place by another address (s3://, sftp://, file://).',
      });
    },

    close() {},
  };
}
