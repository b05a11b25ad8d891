import { type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** Asks the server behind a proxy what the proxy was asked; `relay` gives its answer back. */
export function passOn(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: { readonly hostname: string; readonly port: string; readonly headers?: IncomingHttpHeaders },
  relay: (answer: IncomingMessage) => void = (answer) => relayUnchanged(answer, response),
): void {
  const { hostname, port, headers = incoming.headers } = upstream;
  const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers }, relay);
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  incoming.pipe(onward);
}

export function relayUnchanged(answer: IncomingMessage, response: ServerResponse): void {
  answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers));
}
