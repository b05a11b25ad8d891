import { OdoError } from '../errors/odo-error.ts';
import type { GoogleCredentials } from './credentials.ts';
import { type GoogleHeaders, googleHeaders } from './gcs-access.ts';
import { httpAddressOf } from './http-address.ts';
import { httpError } from './http-errors.ts';
import { fetchOnce, readAnswer } from './http-fetch.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import { withRetries } from './retryable.ts';
import { parseEndpoint } from './storage-url.ts';
import type { StoreAttempt } from './store-errors.ts';

export interface GcsStorageOptions {
  readonly bucket: string;
  /** Null: Google's own. */
  readonly endpoint: string | null;
  readonly credentials: GoogleCredentials | null;
  /** Tries of one call. @default 4 */
  readonly maxAttempts?: number;
  /** Until the connection stands. @unit ms @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Until the answer's headers, and between two pieces of a small object. @unit ms @default 30000 */
  readonly answerTimeoutMs?: number;
}

/** The fields of an object resource that matter here (JSON API v1, Objects). */
interface ObjectResource {
  readonly name: string;
  readonly size: string;
  readonly generation: string;
  readonly updated: string;
  readonly storageClass?: string;
}

interface ObjectsPage {
  readonly items?: readonly ObjectResource[];
  readonly prefixes?: readonly string[];
  readonly nextPageToken?: string;
}

const objectFields = 'name,size,generation,updated,storageClass';

/**
 * Reads a bucket of Google Cloud Storage by its JSON API. What stands for an ETag is the generation, which every
 * overwrite changes.
 */
export function openGcsStorage(options: GcsStorageOptions): ObjectStorage {
  const { bucket, credentials, maxAttempts = 4 } = options;
  const { connectTimeoutMs = 10_000, answerTimeoutMs = 30_000 } = options;
  const endpoint = options.endpoint === null ? null : parseEndpoint(options.endpoint);
  const base = endpoint ?? 'https://storage.googleapis.com';
  const place = endpoint ?? 'Google Cloud Storage';
  const objects = `/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  const attemptAt = (key: string | null): StoreAttempt => ({ store: 'gcs', bucket, endpoint: place, key });

  let opening: Promise<GoogleHeaders> | null = null;
  async function authorization(): Promise<Readonly<Record<string, string>>> {
    opening ??= googleHeaders(credentials, endpoint);
    return (await opening)();
  }

  const retried = <Output>(signal: AbortSignal, work: () => Promise<Output>): Promise<Output> =>
    withRetries(signal, work, maxAttempts);

  async function ask(path: string, key: string | null, signal: AbortSignal): Promise<Response> {
    signal.throwIfAborted();
    const headers = await authorization();
    return fetchOnce(base + path, { attempt: attemptAt(key), signal, headers, answerTimeoutMs });
  }

  const askJson = (path: string, key: string | null, signal: AbortSignal): Promise<unknown> =>
    retried(signal, async () => {
      const answer = await ask(path, key, signal);
      return answer.json().catch((error: unknown) => {
        signal.throwIfAborted();
        throw httpError(error, attemptAt(key));
      });
    });

  async function* pages(
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<ObjectsPage> {
    let token: string | undefined;
    do {
      const parameters = new URLSearchParams({
        fields: `items(${objectFields}),prefixes,nextPageToken`,
        ...query,
        ...(token === undefined ? {} : { pageToken: token }),
      });
      const page = (await askJson(`${objects}?${parameters}`, null, signal)) as ObjectsPage;
      yield page;
      token = page.nextPageToken;
    } while (token !== undefined && token !== '');
  }

  return {
    description: `gs://${bucket} at ${place}`,

    async *list(prefix, { signal, startAfter }) {
      // The offset is where a page begins, that name included.
      const query = { prefix, ...(startAfter === undefined ? {} : { startOffset: startAfter }) };
      for await (const { items = [] } of pages(query, signal))
        for (const item of items) if (item.name !== startAfter) yield objectOf(item);
    },

    async listFolders(prefix, signal) {
      const folders = new Set<string>();
      for await (const { prefixes = [] } of pages({ prefix, delimiter: '/' }, signal))
        for (const folder of prefixes) folders.add(folder);
      return [...folders].sort();
    },

    async stat(key, signal): Promise<StoredObject | null> {
      try {
        const path = `${objects}/${encodeURIComponent(key)}?fields=${objectFields}`;
        return objectOf((await askJson(path, key, signal)) as ObjectResource);
      } catch (error) {
        if (!(error instanceof OdoError) || error.code !== 'OBJECT_NOT_FOUND') throw error;
        // The answer is the same when the bucket is not there.
        await askJson(`${objects}?maxResults=1&fields=nextPageToken`, null, signal);
        return null;
      }
    },

    async locate({ key, etag }, range, signal) {
      signal.throwIfAborted();
      const pin = etag === '' ? '' : `&ifGenerationMatch=${encodeURIComponent(etag)}`;
      const url = new URL(`${base}${objects}/${encodeURIComponent(key)}?alt=media${pin}`);
      return {
        kind: 'http',
        ...httpAddressOf(url),
        headers: {
          Host: url.host,
          Range: `bytes=${range.from}-${range.to - 1}`,
          // Otherwise objects that were uploaded with Content-Encoding: gzip come decompressed, and without ranges.
          'Accept-Encoding': 'gzip',
          ...(await authorization()),
        },
        range,
        etag,
        etagHeader: 'x-goog-generation',
        ...attemptAt(key),
        key,
        connectTimeoutMs,
        answerTimeoutMs,
      };
    },

    async readSmall(key, signal) {
      return retried(signal, async () => {
        const answer = await ask(`${objects}/${encodeURIComponent(key)}?alt=media`, key, signal);
        const length = answer.headers.get('content-length');
        return readAnswer(answer, {
          attempt: attemptAt(key),
          expectedBytes: length === null || answer.headers.has('content-encoding') ? null : Number(length),
          stallMs: answerTimeoutMs,
          signal,
        });
      });
    },

    async writeSmall(key, bytes, signal) {
      await retried(signal, async () => {
        const headers = { ...(await authorization()), 'Content-Type': 'application/octet-stream' };
        const path = `/upload${objects}?uploadType=media&name=${encodeURIComponent(key)}`;
        const body = Uint8Array.from(bytes);
        await fetchOnce(base + path, {
          attempt: attemptAt(key),
          signal,
          headers,
          answerTimeoutMs,
          method: 'POST',
          body,
        });
      });
    },

    close() {},
  };
}

const objectOf = ({ name, size, generation, updated, storageClass }: ObjectResource): StoredObject => ({
  key: name,
  sizeBytes: Number(size),
  etag: generation,
  modifiedAt: new Date(updated).toISOString(),
  // ARCHIVE and COLDLINE are read like every other class, only dearer.
  storageClass: storageClass ?? null,
});
