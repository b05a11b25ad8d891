import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EchoingStore extends AsyncDisposable {
  readonly endpoint: string;
  /** Everything that it was sent, and said back. */
  readonly heard: readonly string[];
}

/**
 * A store, or a proxy before one, that denies everything and quotes the whole request in its answer, as debug pages do:
 * in the status line, in headers, and in an error of XML or of JSON, whichever the client asks by. With `token` it is
 * one that exchanges every login for it first.
 */
export async function startEchoingStore(token: string | null = null): Promise<EchoingStore> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    const parts: string[] = [`${request.method} ${request.url}`];
    for (let at = 0; at < request.rawHeaders.length; at += 2)
      parts.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const quoted = [...parts, Buffer.concat(chunks).toString('latin1')].join(' ');
      heard.push(quoted);
      if (token !== null && request.url === '/token') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ access_token: token, expires_in: 3600, token_type: 'Bearer' }));
        return;
      }
      const inHeader = quoted.replace(/[^ -~]/g, '').slice(0, 4000);
      const isForm = request.headers['content-type']?.includes('form') === true;
      const wantsJson = isForm || request.url?.startsWith('/storage/') === true;
      response.writeHead(403, `Forbidden ${inHeader.slice(0, 1000)}`, {
        'content-type': wantsJson ? 'application/json' : 'application/xml',
        'x-ms-error-code': 'AuthenticationFailed',
        'x-echo': inHeader,
      });
      if (request.method === 'HEAD') response.end();
      else if (wantsJson)
        response.end(
          JSON.stringify({
            error: { code: 403, message: quoted },
            error_description: quoted,
            message: quoted,
          }),
        );
      else {
        const text = quoted.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
        response.end(
          `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>${text}</Message><AuthenticationErrorDetail>${text}</AuthenticationErrorDetail></Error>`,
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
