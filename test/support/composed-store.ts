import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { S3Server } from '../lab/s3-server.ts';
import { passOn } from './pass-on.ts';

/** An object made of pieces that are in memory once, however often they come in it. */
export interface ComposedObject {
  readonly pieces: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** With its quotes. */
  readonly etag: string;
}

export const composedOf = (pieces: readonly Uint8Array[]): ComposedObject => ({
  pieces,
  sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0),
  etag: `"${createHash('md5').update(randomUUID()).digest('hex')}"`,
});

export interface ComposedStore extends AsyncDisposable {
  readonly endpoint: string;
  /** Bytes of composed objects that were sent. */
  readonly sentBytes: number;
  /** Pages of listings that were answered. */
  readonly listings: number;
}

/**
 * A bucket of the S3 server with more objects in it, or others in the place of its own, by key. It lists all of them
 * itself, as S3 does, and composes what is read of those; everything else is the server's.
 */
export async function startComposedStore(
  upstream: S3Server,
  bucket: string,
  objects: ReadonlyMap<string, ComposedObject>,
): Promise<ComposedStore> {
  const { hostname, port } = new URL(upstream.endpoint);
  const listed = await listedObjects(upstream, bucket, objects);
  let sentBytes = 0;
  let listings = 0;
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? '/', upstream.endpoint);
    const path = decodeURIComponent(url.pathname.slice(1));
    const object = path.startsWith(`${bucket}/`) ? objects.get(path.slice(bucket.length + 1)) : undefined;
    if (object !== undefined) {
      void send(object, incoming, response, (bytes) => {
        sentBytes += bytes;
      }).catch(() => response.destroy());
      return;
    }
    if (path.replace(/\/$/, '') === bucket && url.searchParams.get('list-type') === '2') {
      listings += 1;
      response
        .writeHead(200, { 'content-type': 'application/xml' })
        .end(listingOf(bucket, listed, url.searchParams));
      return;
    }
    passOn(incoming, response, { hostname, port });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sentBytes() {
      return sentBytes;
    },
    get listings() {
      return listings;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Listed = readonly (readonly [
  key: string,
  object: { readonly sizeBytes: number; readonly etag: string },
])[];

/** In the order of their keys. */
async function listedObjects(
  { client }: S3Server,
  bucket: string,
  objects: ReadonlyMap<string, ComposedObject>,
): Promise<Listed> {
  const all = new Map<string, { sizeBytes: number; etag: string }>();
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket }))
    for (const { Key = '', Size = 0, ETag = '' } of page.Contents ?? [])
      all.set(Key, { sizeBytes: Size, etag: ETag });
  for (const [key, object] of objects) all.set(key, object);
  return [...all].sort(([one], [other]) => (one < other ? -1 : 1));
}

const mostListed = 1000;

/** One page of ListObjectsV2: keys, or with a delimiter also the folders they lie in. */
function listingOf(bucket: string, listed: Listed, asked: URLSearchParams): string {
  const prefix = asked.get('prefix') ?? '';
  const delimiter = asked.get('delimiter') ?? '';
  const after = asked.get('continuation-token') ?? asked.get('start-after') ?? '';
  const most = Math.min(Number(asked.get('max-keys') ?? mostListed), mostListed);
  const entries: string[] = [];
  let last = '';
  let isTruncated = false;
  for (let i = firstBehind(listed, after > prefix ? after : prefix); i < listed.length; i++) {
    const [key, { sizeBytes, etag }] = listed[i] ?? ['', { sizeBytes: 0, etag: '' }];
    if (!key.startsWith(prefix)) break;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = cut === -1 ? key : key.slice(0, cut + delimiter.length);
    if (name === last || name <= after) continue;
    if (entries.length === most) {
      isTruncated = true;
      break;
    }
    last = name;
    entries.push(
      cut === -1
        ? `<Contents><Key>${key}</Key><LastModified>2026-11-27T18:56:50.000Z</LastModified><ETag>${etag.replaceAll('"', '&quot;')}</ETag><Size>${sizeBytes}</Size></Contents>`
        : `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`,
    );
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name><Prefix>${prefix}</Prefix><MaxKeys>${most}</MaxKeys><KeyCount>${entries.length}</KeyCount><IsTruncated>${isTruncated}</IsTruncated>${
    isTruncated ? `<NextContinuationToken>${last}</NextContinuationToken>` : ''
  }${entries.join('')}</ListBucketResult>`;
}

/** Index of the first key that is not in front of `key`. */
function firstBehind(listed: Listed, key: string): number {
  let [from, to] = [0, listed.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((listed[middle]?.[0] ?? '') < key) from = middle + 1;
    else to = middle;
  }
  return from;
}

async function send(
  { pieces, sizeBytes, etag }: ComposedObject,
  incoming: IncomingMessage,
  response: ServerResponse,
  onSent: (bytes: number) => void,
): Promise<void> {
  const wanted = incoming.headers['if-match'];
  if (wanted !== undefined && wanted !== etag) return void response.writeHead(412).end();
  const [, first = '0', last = String(sizeBytes - 1)] =
    /^bytes=(\d+)-(\d+)?$/.exec(incoming.headers.range ?? '') ?? [];
  const [from, to] = [Number(first), Math.min(Number(last) + 1, sizeBytes)];
  const isPart = incoming.headers.range !== undefined;
  response.writeHead(isPart ? 206 : 200, {
    etag,
    'content-length': to - from,
    'last-modified': 'Fri, 27 Nov 2026 18:56:50 GMT',
    'accept-ranges': 'bytes',
    ...(isPart ? { 'content-range': `bytes ${from}-${to - 1}/${sizeBytes}` } : {}),
  });
  if (incoming.method === 'HEAD') return void response.end();
  let at = 0;
  for (const piece of pieces) {
    const bytes = piece.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += piece.length;
    for (let sent = 0; sent < bytes.length; sent += sliceBytes) {
      const slice = bytes.subarray(sent, sent + sliceBytes);
      onSent(slice.length);
      const goesOn = response.write(slice);
      while (!goesOn && response.writableNeedDrain && !response.destroyed) await delay(1);
      if (response.destroyed) return;
    }
    if (at >= to) break;
  }
  response.end();
}

const sliceBytes = 256 * 1024;
