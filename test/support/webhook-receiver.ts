import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What it does with one delivery: answers with a status, says nothing for ever, or cuts the connection. */
export type Answer = number | 'hang' | 'cut' | { readonly redirect: string };

/** Takes what is posted to it; the answers in their order, the last one again and again. */
export async function webhookReceiver(answers: readonly [Answer, ...Answer[]]): Promise<
  AsyncDisposable & {
    readonly url: string;
    readonly deliveries: readonly Delivery[];
  }
> {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const answer = answers[Math.min(deliveries.length, answers.length - 1)] ?? answers[0];
      deliveries.push({ path: request.url ?? '', headers: request.headers, body });
      if (answer === 'hang') return;
      if (answer === 'cut') return request.socket.destroy();
      if (typeof answer === 'number') return response.writeHead(answer).end('x'.repeat(100_000));
      response.writeHead(307, { location: answer.redirect }).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/path-that-is-a-secret`,
    deliveries,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
