import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openS3Storage } from '../../../src/storage/s3.ts';

export interface LyingStore extends AsyncDisposable {
  readonly endpoint: string;
  /** Requests so far. */
  requests: number;
  /** Most bytes that were sent in one answer. */
  sentBytes: number;
}

/** An S3 server over HTTP that answers whatever a test wants. */
export async function startLyingStore(
  answer: (request: IncomingMessage, response: ServerResponse, number: number) => void,
): Promise<LyingStore> {
  const server = createServer((request, response) => {
    store.requests++;
    response.on('error', () => {});
    // Without a body nothing ever holds a writer back.
    if (request.method === 'HEAD') response.writeHead(200).end();
    else answer(request, response, store.requests);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const store: LyingStore = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: 0,
    sentBytes: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return store;
}

export const lyingStorage = ({ endpoint }: LyingStore) =>
  openS3Storage({
    bucket: 'backups',
    endpoint,
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: null },
    maxAttempts: 1,
    connectTimeoutMs: 2000,
    answerTimeoutMs: 2000,
  });

export interface ListedObject {
  readonly key: string;
  readonly size?: string;
  readonly etag?: string;
  readonly modified?: string;
}

/** A page of a listing; `token` for one that goes on. */
export function page(
  objects: readonly ListedObject[],
  { token, extra = '', before = '' }: { token?: string; extra?: string; before?: string } = {},
): string {
  const contents = objects.map(
    ({ key, size = '5', etag = '&quot;abc&quot;', modified = '2026-11-20T02:00:06.000Z' }) =>
      `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified><ETag>${etag}</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const more =
    token === undefined
      ? '<IsTruncated>false</IsTruncated>'
      : `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;
  return `<?xml version="1.0" encoding="UTF-8"?>${before}<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>backups</Name>${more}${contents.join('')}${extra}</ListBucketResult>`;
}

export function sendXml(response: ServerResponse, xml: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(xml) });
  response.end(xml);
}

/** Goes on as long as the other side reads. */
export function sendWithoutEnd(store: () => LyingStore, response: ServerResponse, start: string): void {
  const filler = Buffer.alloc(1024 * 1024, ' ');
  response.write(start);
  const more = () => {
    while (!response.destroyed) {
      store().sentBytes += filler.length;
      if (!response.write(filler)) break;
    }
  };
  response.on('drain', more);
  more();
}
