import { ContainerClient, newPipeline, RestError } from '@azure/storage-blob';
import { OdoError } from '../errors/odo-error.ts';
import type { AzureAccess } from './azure-access.ts';
import { httpAddressOf } from './http-address.ts';
import type { ByteRange } from './range-location.ts';
import type { SignedRequest } from './s3-signing.ts';

/** The fields of the SDK's request that matter here. */
interface SdkRequest {
  readonly url: string;
  readonly headers: { headersArray(): { readonly name: string; readonly value: string }[] };
}

/**
 * Lets the SDK get or refresh credentials and sign, and takes the request away instead of sending it. With a SAS
 * token the signature is in the query: there is no other way to send one.
 */
export class AzureSigner {
  readonly #container: ContainerClient;
  /** Requests are signed one after another, so that each finds its own here. */
  #captured: SdkRequest | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(containerUrl: string, { credential }: AzureAccess) {
    const httpClient = {
      sendRequest: (request: SdkRequest) => {
        this.#captured = request;
        return Promise.reject(new RestError('taken away'));
      },
    };
    type Options = NonNullable<Parameters<typeof newPipeline>[1]>;
    const pipeline = newPipeline(credential ?? undefined, {
      httpClient: httpClient as unknown as NonNullable<Options['httpClient']>,
      retryOptions: { maxTries: 1 },
    });
    this.#container = new ContainerClient(containerUrl, pipeline);
  }

  /**
   * A GET of the range. Without If-Match, which is answered alike for a blob that changed and one that is gone: every
   * answer carries the ETag, and whoever reads compares it before the first byte.
   */
  async sign(key: string, range: ByteRange, signal: AbortSignal): Promise<SignedRequest> {
    const mine = this.#last.then(() => this.#sign(key, range, signal));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #sign(key: string, { from, to }: ByteRange, signal: AbortSignal): Promise<SignedRequest> {
    this.#captured = null;
    try {
      await this.#container.getBlobClient(key).download(from, to - from, { abortSignal: signal });
    } catch (error) {
      if (this.#captured === null) throw error;
    }
    return plainRequest(this.#captured);
  }
}

function plainRequest(request: SdkRequest | null): SignedRequest {
  if (request === null) throw new OdoError('BUG', 'The SDK made no HTTP request for a range.');
  const url = new URL(request.url);
  const headers = request.headers.headersArray().map(({ name, value }) => [name, value] as const);
  return {
    ...httpAddressOf(url),
    headers: { Host: url.host, ...Object.fromEntries(headers) },
  };
}
