import { type BlobItem, ContainerClient, newPipeline } from '@azure/storage-blob';
import { OdoError } from '../errors/odo-error.ts';
import { type AzureAccess, type AzureAccount, azureAccess } from './azure-access.ts';
import { azureError } from './azure-errors.ts';
import { AzureSigner } from './azure-signing.ts';
import type { AzureCredentials } from './credentials.ts';
import { bareEtag } from './etag.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';
import { withRetries } from './retryable.ts';
import { readAll } from './small-object.ts';
import { foreignError, type StoreAttempt } from './store-errors.ts';

export interface AzureStorageOptions extends AzureAccount {
  readonly container: string;
  readonly credentials: AzureCredentials | null;
  /** Tries of one call. @default 4 */
  readonly maxAttempts?: number;
  /** Until the connection stands. @unit ms @default 10000 */
  readonly connectTimeoutMs?: number;
  /** Until the answer's headers, and between two pieces of a small object. @unit ms @default 30000 */
  readonly answerTimeoutMs?: number;
}

interface Clients {
  readonly container: ContainerClient;
  readonly signer: AzureSigner;
}

/** Reads a container of Azure Blob Storage or of what speaks its protocol. */
export function openAzureStorage(options: AzureStorageOptions): ObjectStorage {
  const { account, container: bucket, maxAttempts = 4 } = options;
  const { connectTimeoutMs = 10_000, answerTimeoutMs = 30_000 } = options;
  const place = options.endpoint ?? `Azure account ${account}`;
  const attemptAt = (key: string | null): StoreAttempt => ({ store: 'azure', bucket, endpoint: place, key });

  let opening: Promise<Clients> | null = null;
  const clients = (): Promise<Clients> => {
    opening ??= azureAccess(options, options.credentials).then(clientsOf);
    return opening;
  };

  function clientsOf(access: AzureAccess): Clients {
    const query = access.sasToken === '' ? '' : `?${access.sasToken}`;
    const url = `${access.serviceUrl}/${encodeURIComponent(bucket)}${query}`;
    const pipeline = newPipeline(access.credential ?? undefined, {
      retryOptions: { maxTries: maxAttempts, tryTimeoutInMs: answerTimeoutMs, maxRetryDelayInMs: 8_000 },
    });
    return { container: new ContainerClient(url, pipeline), signer: new AzureSigner(url, access) };
  }

  /** One SDK call whose failure is translated and whose abort keeps its reason. */
  async function call<Output>(
    key: string | null,
    signal: AbortSignal,
    send: (clients: Clients, abortSignal: AbortSignal) => Promise<Output>,
  ): Promise<Output> {
    signal.throwIfAborted();
    try {
      return await send(await clients(), AbortSignal.any([signal]));
    } catch (error) {
      signal.throwIfAborted();
      throw azureError(error instanceof OdoError ? error : withoutRequest(error), attemptAt(key));
    }
  }

  /** Entries of a listing, its failures translated. */
  async function* entries<Entry>(
    signal: AbortSignal,
    list: (container: ContainerClient, abortSignal: AbortSignal) => AsyncIterable<Entry>,
  ): AsyncGenerator<Entry> {
    const iterator = await call(null, signal, async ({ container }, abortSignal) =>
      list(container, abortSignal)[Symbol.asyncIterator](),
    );
    for (;;) {
      const next = await call(null, signal, () => iterator.next());
      if (next.done) return;
      yield next.value;
    }
  }

  async function readWhole(key: string, signal: AbortSignal): Promise<Uint8Array> {
    const answer = await call(key, signal, ({ container }, abortSignal) =>
      container.getBlobClient(key).download(0, undefined, { abortSignal, maxRetryRequests: 0 }),
    );
    return readAll(answer.readableStreamBody, {
      attempt: attemptAt(key),
      expectedBytes: answer.contentLength ?? null,
      stallMs: answerTimeoutMs,
      signal,
      translate: (error) => azureError(withoutRequest(error), attemptAt(key)),
    });
  }

  return {
    description: `azure://${account}/${bucket} at ${place}`,

    async *list(prefix, { signal, startAfter }) {
      const found = entries(signal, (container, abortSignal) =>
        container.listBlobsFlat({ prefix, abortSignal }),
      );
      // A listing cannot begin behind a name that is not a page's.
      for await (const blob of found)
        if (startAfter === undefined || blob.name > startAfter) yield objectOf(blob);
    },

    async listFolders(prefix, signal) {
      const folders: string[] = [];
      const found = entries(signal, (container, abortSignal) =>
        container.listBlobsByHierarchy('/', { prefix, abortSignal }),
      );
      for await (const entry of found) if (entry.kind === 'prefix') folders.push(entry.name);
      return folders.sort();
    },

    async stat(key, signal): Promise<StoredObject | null> {
      try {
        const found = await call(key, signal, ({ container }, abortSignal) =>
          container.getBlobClient(key).getProperties({ abortSignal }),
        );
        return {
          key,
          sizeBytes: found.contentLength ?? 0,
          etag: bareEtag(found.etag),
          modifiedAt: (found.lastModified ?? new Date(0)).toISOString(),
          storageClass: found.accessTier ?? null,
        };
      } catch (error) {
        if (error instanceof OdoError && error.code === 'OBJECT_NOT_FOUND') return null;
        throw error;
      }
    },

    async locate(object, range, signal) {
      const signed = await call(object.key, signal, ({ signer }, abortSignal) =>
        signer.sign(object.key, range, abortSignal),
      );
      return {
        kind: 'http',
        ...signed,
        range,
        etag: object.etag,
        ...attemptAt(object.key),
        key: object.key,
        connectTimeoutMs,
        answerTimeoutMs,
      };
    },

    async readSmall(key, signal) {
      return withRetries(signal, () => readWhole(key, signal));
    },

    async writeSmall(key, bytes, signal) {
      await call(key, signal, ({ container }, abortSignal) =>
        container.getBlockBlobClient(key).upload(bytes, bytes.length, { abortSignal }),
      );
    },

    close() {},
  };
}

const objectOf = ({ name, properties }: BlobItem): StoredObject => ({
  key: name,
  sizeBytes: properties.contentLength ?? 0,
  etag: bareEtag(properties.etag),
  modifiedAt: properties.lastModified.toISOString(),
  storageClass: properties.accessTier ?? null,
});

/** The SDK's errors carry their request, whose query may be a SAS token. The answer to a HEAD has its code in a header. */
function withoutRequest(error: unknown): Error {
  const { name, code, status, message } = foreignError(error);
  const { details } = (error ?? {}) as { details?: { errorCode?: string } };
  return Object.assign(new Error(message), {
    name,
    code: code ?? details?.errorCode ?? null,
    statusCode: status,
  });
}
