import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Held {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly updated: string;
}

export interface GcsServer extends AsyncDisposable {
  readonly endpoint: string;
  put(bucket: string, key: string, bytes: Uint8Array): void;
  /** What an Authorization header must be; null: nothing is asked for. */
  authorization: string | null;
}

/** A page of fewer than Google's 1000, so that tests turn some. */
const pageSize = 500;

/**
 * What odo uses of the JSON API of Google Cloud Storage, by its reference: objects.list, objects.get with and
 * without alt=media, ranges, ifGenerationMatch, simple uploads. No maintained emulator could be had as a package, so
 * this is our reading of the documentation and not Google's code.
 */
export async function startGcsServer(buckets: readonly string[] = ['backups']): Promise<GcsServer> {
  const held = new Map(buckets.map((name) => [name, new Map<string, Held>()]));
  let generations = 1_700_000_000_000_000;
  const state: { authorization: string | null } = { authorization: null };

  const put = (bucket: string, key: string, bytes: Uint8Array) =>
    void held
      .get(bucket)
      ?.set(key, { bytes: Buffer.from(bytes), generation: generations++, updated: new Date().toISOString() });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://server');
    const refuse = (status: number, message: string) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ error: { code: status, message } }));
    };
    const send = (value: unknown) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (state.authorization !== null && request.headers.authorization !== state.authorization)
      return refuse(401, 'Anonymous caller does not have storage.objects.list access.');
    const [, upload, bucket = '', name] =
      /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    const objects = held.get(decodeURIComponent(bucket));
    if (objects === undefined) return refuse(404, 'The specified bucket does not exist.');
    if (upload !== undefined) {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      put(bucket, url.searchParams.get('name') ?? '', Buffer.concat(pieces));
      return send({});
    }
    if (name === undefined) return send(listing(objects, url.searchParams));
    const key = decodeURIComponent(name);
    const object = objects.get(key);
    if (object === undefined) return refuse(404, `No such object: ${bucket}/${key}`);
    const wanted = url.searchParams.get('ifGenerationMatch');
    if (wanted !== null && wanted !== String(object.generation))
      return refuse(412, 'At least one of the pre-conditions you specified did not hold.');
    if (url.searchParams.get('alt') !== 'media') return send(resourceOf(key, object));
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const headers = { 'x-goog-generation': String(object.generation), ETag: `"etag-${object.generation}"` };
    if (from === undefined || to === undefined) {
      response.writeHead(200, { ...headers, 'Content-Length': object.bytes.length });
      response.end(object.bytes);
      return;
    }
    if (Number(from) >= object.bytes.length) return refuse(416, 'The requested range cannot be satisfied.');
    const part = object.bytes.subarray(Number(from), Number(to) + 1);
    response.writeHead(206, {
      ...headers,
      'Content-Length': part.length,
      'Content-Range': `bytes ${from}-${Number(from) + part.length - 1}/${object.bytes.length}`,
    });
    response.end(part);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    put,
    get authorization() {
      return state.authorization;
    },
    set authorization(value) {
      state.authorization = value;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const resourceOf = (name: string, { bytes, generation, updated }: Held) => ({
  name,
  size: String(bytes.length),
  generation: String(generation),
  updated,
  storageClass: 'STANDARD',
});

function listing(objects: ReadonlyMap<string, Held>, query: URLSearchParams) {
  const prefix = query.get('prefix') ?? '';
  const offset = query.get('startOffset') ?? '';
  const delimiter = query.get('delimiter');
  const after = query.get('pageToken');
  const rows = new Map<string, Held | null>();
  for (const [key, object] of [...objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!key.startsWith(prefix) || key < offset) continue;
    const slash = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    if (slash === -1) rows.set(key, object);
    else rows.set(key.slice(0, slash + 1), null);
  }
  const left = [...rows].filter(([name]) => after === null || name > after);
  const page = left.slice(0, pageSize);
  return {
    items: page.flatMap(([name, object]) => (object === null ? [] : [resourceOf(name, object)])),
    prefixes: page.flatMap(([name, object]) => (object === null ? [name] : [])),
    ...(left.length > page.length ? { nextPageToken: page.at(-1)?.[0] } : {}),
  };
}
