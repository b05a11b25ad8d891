import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { passOn } from './pass-on.ts';

/** What goes wrong with one request. */
export type Fault =
  /** The connection breaks after so many bytes of the body. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Nothing more comes after so many bytes; the connection stays open. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** The body ends cleanly after so many bytes, as if that were all. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** An answer with an XML error; with no body when the code is empty. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** The body's first pieces come one by one, each after a while, and then the rest. */
  | { readonly kind: 'drip'; readonly pieceBytes: number; readonly pieces: number; readonly everyMs: number }
  /** The body is longer than it should be, and its length says so. */
  | { readonly kind: 'lengthen'; readonly byBytes: number }
  /** The connection breaks before the answer. */
  | { readonly kind: 'hang-up' }
  /** No answer; the connection stays open. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'ignore-range' }
  /** Rewrites the body, for instance of a listing. */
  | { readonly kind: 'rewrite'; readonly body: (text: string) => string };

export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | null;
  readonly headers: IncomingHttpHeaders;
  /** Requests before this one over the same connection. */
  readonly onConnection: number;
  /** Answers before this one with the same method and path, from 0. */
  readonly earlier: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly endpoint: string;
  readonly requests: readonly ProxiedRequest[];
  /** Requests whose answer has not ended. */
  readonly open: number;
  /** Breaks the connections of those that were met with silence. */
  breakSilence(): void;
  /** Decides for each request; null lets it pass. */
  fault: (request: ProxiedRequest) => Fault | null;
}

function xmlError(
  { status, code, headers = {} }: Extract<Fault, { kind: 'status' }>,
  response: ServerResponse,
): void {
  const body =
    code === ''
      ? ''
      : `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

async function* dripped(
  body: AsyncIterable<Buffer>,
  { pieceBytes, pieces, everyMs }: Extract<Fault, { kind: 'drip' }>,
): AsyncGenerator<Buffer> {
  let dripped = 0;
  for await (const chunk of body) {
    let rest = chunk;
    for (; rest.length > 0 && dripped < pieces; dripped++) {
      await delay(everyMs);
      yield rest.subarray(0, pieceBytes);
      rest = rest.subarray(pieceBytes);
    }
    if (rest.length > 0) yield rest;
  }
}

function relay(answer: IncomingMessage, response: ServerResponse, fault: Fault | null): void {
  const headers = { ...answer.headers };
  if (fault?.kind === 'headers') Object.assign(headers, fault.headers);
  if (fault?.kind === 'truncate') delete headers['content-length'];
  if (fault?.kind === 'rewrite') {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = fault.body(Buffer.concat(chunks).toString());
      response.writeHead(answer.statusCode ?? 502, {
        ...headers,
        'content-length': String(Buffer.byteLength(body)),
      });
      response.end(body);
    });
    return;
  }
  if (fault?.kind === 'lengthen') {
    headers['content-length'] = String(Number(headers['content-length'] ?? 0) + fault.byBytes);
  }
  response.writeHead(answer.statusCode ?? 502, headers);
  response.flushHeaders();
  if (fault?.kind === 'drip') {
    void pipeline(answer, (body: AsyncIterable<Buffer>) => dripped(body, fault), response).catch(() => {});
    return;
  }
  const limit = fault && 'afterBytes' in fault ? fault.afterBytes : Number.POSITIVE_INFINITY;
  let sent = 0;
  answer.on('data', (chunk: Buffer) => {
    if (sent >= limit) return;
    const piece = chunk.subarray(0, limit - sent);
    sent += piece.length;
    response.write(piece, () => {
      if (sent < limit) return;
      if (fault?.kind === 'reset') response.socket?.destroy();
      if (fault?.kind === 'truncate') response.end();
    });
  });
  answer.on('end', () => {
    if (fault?.kind === 'lengthen') response.write(Buffer.alloc(fault.byBytes));
    if (sent < limit) response.end();
  });
  answer.on('error', () => response.destroy());
}

/** Stands in front of an HTTP server on this machine and breaks what a test asks it to break. */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const target = new URL(upstream);
  const requests: ProxiedRequest[] = [];
  const connections = new WeakMap<Socket, number>();
  const silent = new Set<Socket>();
  let open = 0;
  const server = createServer((incoming, response) => {
    const method = incoming.method ?? 'GET';
    const path = incoming.url ?? '/';
    const seen: ProxiedRequest = {
      method,
      path,
      range: incoming.headers.range ?? null,
      headers: incoming.headers,
      onConnection: connections.get(incoming.socket) ?? 0,
      earlier: requests.filter((other) => other.method === method && other.path === path).length,
    };
    requests.push(seen);
    connections.set(incoming.socket, seen.onConnection + 1);
    open++;
    response.on('close', () => open--);
    const fault = proxy.fault(seen);
    if (fault?.kind === 'status') {
      incoming.resume();
      xmlError(fault, response);
      return;
    }
    if (fault?.kind === 'hang-up') {
      incoming.socket.destroy();
      return;
    }
    if (fault?.kind === 'silence') return void silent.add(incoming.socket);
    const headers = { ...incoming.headers };
    if (fault?.kind === 'ignore-range') delete headers.range;
    passOn(incoming, response, { hostname: target.hostname, port: target.port, headers }, (answer) =>
      relay(answer, response, fault),
    );
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get open() {
      return open;
    },
    breakSilence: () => {
      for (const socket of silent) socket.destroy();
      silent.clear();
    },
    fault: () => null,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
