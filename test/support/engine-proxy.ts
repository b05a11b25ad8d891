import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ContainerCreateOptions } from '../../src/docker/client.ts';

/** What goes wrong with one call. */
export type EngineFault =
  /** The connection breaks before the engine hears of the call. */
  | { readonly kind: 'hang-up' }
  /** The engine does what it was asked, and the connection breaks before its answer. */
  | { readonly kind: 'lost-answer' }
  /** Neither does the engine hear of the call, nor does an answer come; the connection stays open. */
  | { readonly kind: 'silence' }
  /** The engine does what it was asked, and its answer does not come; the connection stays open. */
  | { readonly kind: 'silent-answer' }
  /** An answer that says so, and nothing is done. */
  | { readonly kind: 'status'; readonly status: number; readonly message: string }
  /** The answer, or the stream that follows it, ends after so many bytes. */
  | { readonly kind: 'cut'; readonly afterBytes: number };

export interface EngineCall {
  /** `POST /containers/server/start`: names and ids are told by what they are for. */
  readonly what: string;
  /** Calls before this one that asked for the same. */
  readonly ordinal: number;
}

/** A container as the engine was asked for it. */
export interface Creation {
  readonly name: string;
  readonly options: ContainerCreateOptions;
}

export interface EngineProxy extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly address: string;
  readonly calls: readonly EngineCall[];
  /** Containers that the engine was asked to create, again too. */
  readonly creations: readonly Creation[];
  /** Decides for each call; null lets it pass. */
  fault: (call: EngineCall) => EngineFault | null;
  /** Nothing listens there any more. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

const engineSocket = '/var/run/docker.sock';

/** Stands in front of the engine's socket and breaks what a test asks it to break. */
export async function startEngineProxy(socketPath: string): Promise<EngineProxy> {
  const calls: EngineCall[] = [];
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  const creations: Creation[] = [];
  const decide = (incoming: IncomingMessage): EngineFault | null => {
    const what = whatOf(incoming, names);
    const ordinal = counts.get(what) ?? 0;
    counts.set(what, ordinal + 1);
    const call = { what, ordinal };
    calls.push(call);
    return proxy.fault(call);
  };
  const server = createServer((incoming, response) => {
    const fault = decide(incoming);
    if (fault?.kind === 'status') return refuse(incoming, response, fault);
    if (fault?.kind === 'hang-up') return void incoming.socket.destroy();
    if (fault?.kind === 'silence') return void incoming.resume();
    const { headers, method, url: path } = incoming;
    const onward = request({ socketPath: engineSocket, method, path, headers }, (answer) => {
      // Also of what its client is not told: it may still find out what was made, and go on with it by its id.
      let beginning = '';
      answer.on('data', (bytes: Buffer) => {
        if (beginning.length < 4096) beginning += bytes.toString('latin1');
      });
      answer.once('end', () => learn(incoming, beginning, names));
      if (fault?.kind === 'silent-answer') return;
      if (fault?.kind === 'lost-answer') answer.once('end', () => incoming.socket.destroy());
      else relay(answer, response, fault);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    incoming.on('error', () => onward.destroy());
    const [, name] = /\/containers\/create\?name=([^&]+)/.exec(path ?? '') ?? [];
    if (name !== undefined) {
      let body = '';
      incoming.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      incoming.once('end', () => creations.push({ name, options: JSON.parse(body) }));
    }
    incoming.pipe(onward);
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const fault = decide(incoming);
    socket.on('error', () => {});
    if (fault?.kind === 'hang-up') return void socket.destroy();
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'status') {
      const body = JSON.stringify({ message: fault.message });
      return void socket.end(
        `HTTP/1.1 ${fault.status} Fault\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    }
    const { headers, method, url: path } = incoming;
    const onward = request({ socketPath: engineSocket, method, path, headers });
    onward.on('error', () => socket.destroy());
    onward.on('upgrade', (answer, upstream, first) => {
      upstream.on('error', () => socket.destroy());
      socket.on('close', () => upstream.destroy());
      upstream.on('close', () => socket.end());
      if (fault?.kind === 'lost-answer') return void socket.destroy();
      if (fault?.kind === 'silent-answer') return void socket.resume();
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
      socket.write(`HTTP/1.1 101 UPGRADED\r\n${lines.join('\r\n')}\r\n\r\n`);
      socket.pipe(upstream);
      let left = fault?.kind === 'cut' ? fault.afterBytes : Number.POSITIVE_INFINITY;
      const pass = (bytes: Buffer): void => {
        socket.write(bytes.subarray(0, left));
        left -= bytes.length;
        if (left <= 0) socket.end();
      };
      if (first.length > 0) pass(first);
      upstream.on('data', pass);
    });
    onward.on('response', (answer) => {
      socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nconnection: close\r\n\r\n`);
      answer.pipe(socket);
    });
    void bodyOf(socket, head, Number(headers['content-length'] ?? 0)).then((body) => onward.end(body));
  });
  const listen = async (): Promise<void> => {
    rmSync(socketPath, { force: true });
    server.listen(socketPath);
    await new Promise((resolve) => server.once('listening', resolve));
  };
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const proxy: EngineProxy = {
    address: `unix://${socketPath}`,
    calls,
    creations,
    fault: () => null,
    goAway: close,
    comeBack: listen,
    [Symbol.asyncDispose]: close,
  };
  await listen();
  return proxy;
}

/** What was sent with a request for another protocol: the server leaves it unread. */
async function bodyOf(socket: Duplex, head: Buffer, lengthBytes: number): Promise<Buffer> {
  let body = head;
  while (body.length < lengthBytes) {
    const piece: Buffer | null = socket.read() as Buffer | null;
    if (piece !== null) body = Buffer.concat([body, piece]);
    else await new Promise((resolve) => socket.once('readable', resolve));
  }
  socket.unshift(body.subarray(lengthBytes));
  return body.subarray(0, lengthBytes);
}

function refuse(
  incoming: IncomingMessage,
  response: ServerResponse,
  { message, status }: Extract<EngineFault, { kind: 'status' }>,
): void {
  incoming.resume();
  const body = JSON.stringify({ message });
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

function relay(answer: IncomingMessage, response: ServerResponse, fault: EngineFault | null): void {
  // A stream without a length ends with its connection, as the engine's own does: that it was cut cannot be seen.
  response.useChunkedEncodingByDefault = answer.headers['transfer-encoding'] === 'chunked';
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  response.flushHeaders();
  let left = fault?.kind === 'cut' ? fault.afterBytes : Number.POSITIVE_INFINITY;
  answer.on('data', (bytes: Buffer) => {
    if (left <= 0) return;
    response.write(bytes.subarray(0, left));
    left -= bytes.length;
    if (left <= 0) response.socket?.end();
  });
  answer.on('end', () => {
    if (left > 0) response.end();
  });
  answer.on('error', () => response.destroy());
}

/** The engine's ids stand for what was made under a name. */
function learn({ method, url = '' }: IncomingMessage, body: string, names: Map<string, string>): void {
  const { pathname, searchParams } = new URL(url, 'http://engine');
  const [, id] = /"Id":"([0-9a-f]{64})"/.exec(body) ?? [];
  if (method !== 'POST' || id === undefined) return;
  const name = searchParams.get('name');
  if (pathname.endsWith('/containers/create') && name !== null) names.set(id, roleOf(name));
  else if (pathname.endsWith('/exec')) names.set(id, 'process');
}

/** `server`, `helper-work`, `look`: what a name of odo's says less what differs from run to run. */
function roleOf(name: string): string {
  return name
    .replace(/^odo-\d{8}-\d{6}-[a-z0-9]{4}-/, '')
    .replace(/^odo-(look|inspect)-[0-9a-f]+$/, '$1')
    .replace(/^(helper-of)-.*$/, '$1')
    .replace(/odo-test-[a-z0-9-]+/, 'own');
}

function whatOf({ method = 'GET', url = '/' }: IncomingMessage, names: ReadonlyMap<string, string>): string {
  const { pathname, searchParams } = new URL(url, 'http://engine');
  const path = decodeURIComponent(pathname)
    .replace(/^\/v\d\.\d+/, '')
    .split('/')
    .map((part) => names.get(part) ?? (/^(sha256:)?[0-9a-f]{64}$/.test(part) ? 'other' : roleOf(part)))
    .join('/');
  const name = searchParams.get('name');
  const more = [
    ...(name === null ? [] : [roleOf(name)]),
    ...['signal', 'path', 'follow'].flatMap((key) => searchParams.get(key) ?? []),
  ];
  return [`${method} ${path}`, ...more].join(' ');
}
