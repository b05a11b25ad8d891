import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { passOn, relayUnchanged } from './pass-on.ts';
import { actionOf, isAllowed, type S3Action, type S3Policy } from './s3-policy.ts';

export interface PolicedS3 extends AsyncDisposable {
  readonly endpoint: string;
  /** Every request, also those that were denied. */
  readonly requests: readonly (S3Action & { readonly allowed: boolean })[];
}

/**
 * The S3 server at `upstream` as a bucket with this policy shows it: 403 for everything that no statement allows, and,
 * as AWS does, also for an object that is not there when the bucket may not be listed.
 */
export async function policedS3(upstream: string, policy: S3Policy): Promise<PolicedS3> {
  const { hostname, port } = new URL(upstream);
  const requests: (S3Action & { allowed: boolean })[] = [];
  const server = createServer((incoming, response) => {
    const { method = 'GET', url: path = '/' } = incoming;
    const wanted = actionOf(method, path);
    const allowed = isAllowed(policy, wanted);
    requests.push({ ...wanted, allowed });
    if (!allowed) {
      incoming.resume();
      deny(method, response);
      return;
    }
    passOn(incoming, response, { hostname, port }, (answer) => {
      if (answer.statusCode !== 404 || mayKnowOfAbsence(policy, wanted)) relayUnchanged(answer, response);
      else {
        answer.resume();
        deny(method, response);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A listing that is allowed may say anything; for an object the bucket as a whole has to be. */
function mayKnowOfAbsence(policy: S3Policy, { action, resource }: S3Action): boolean {
  if (action === 's3:ListBucket') return true;
  const [bucket = ''] = resource.split('/');
  return isAllowed(policy, { action: 's3:ListBucket', resource: bucket, prefix: null });
}

function deny(method: string, response: ServerResponse): void {
  response.writeHead(403, { 'content-type': 'application/xml' });
  const body =
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
  response.end(method === 'HEAD' ? undefined : body);
}
