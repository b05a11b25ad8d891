import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { openGcsStorage } from '../../../src/storage/gcs.ts';
import { readObject } from '../../../src/storage/object-reader.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { all } from '../../support/all.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { startGcsServer } from '../../support/gcs-server.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const signal = new AbortController().signal;

afterEach(() => {
  vi.unstubAllEnvs();
});

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => toErrorData(error),
  );

/** Where a workload's own token is exchanged for one of Google's. */
async function startTokenServer(): Promise<{ url: string } & Disposable> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ access_token: 'for-an-hour', expires_in: 3600, token_type: 'Bearer' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/token`, [Symbol.dispose]: () => server.close() };
}

describe('credentials of Google', () => {
  beforeEach(() => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
  });

  it('are a key file, whose token every request carries', async () => {
    using tokens = await startTokenServer();
    await using server = await startGcsServer();
    await using directory = await temporaryDirectory();
    const content = randomBytes(100_000);
    server.put('backups', 'pg/base.tar', content);
    server.authorization = 'Bearer for-an-hour';
    const subject = join(directory.path, 'subject');
    const keyFile = join(directory.path, 'key.json');
    await writeFile(subject, 'who this workload is');
    await writeFile(
      keyFile,
      JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: tokens.url,
        credential_source: { file: subject },
      }),
    );
    const storage = openGcsStorage({
      bucket: 'backups',
      endpoint: server.endpoint,
      credentials: { keyFile },
    });
    const object = await storage.stat('pg/base.tar', signal);
    expect(Buffer.concat(await all(readObject(storage, object!, { signal }))).equals(content)).toBe(true);
  });

  it('that are missing are asked for by name', async () => {
    await using server = await startGcsServer();
    server.authorization = 'Bearer another';
    const storage = openGcsStorage({ bucket: 'backups', endpoint: server.endpoint, credentials: null });
    expect(await failure(all(storage.list('', { signal })))).toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining('GOOGLE_APPLICATION_CREDENTIALS'),
    });
  });

  it('that cannot be read say which file', async () => {
    const keyFile = '/no/such/key.json';
    const storage = openGcsStorage({ bucket: 'backups', endpoint: null, credentials: { keyFile } });
    expect(await failure(all(storage.list('', { signal })))).toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining(keyFile),
    });
  });

  it('of HMAC kind are for the API that speaks S3', async () => {
    await using server = await startS3Server();
    const { storage } = await openStorage({
      url: 'gs://backups/pg',
      endpoint: server.endpoint,
      region: null,
      credentials: {
        s3: { accessKeyId: 'GOOG1EXAMPLE', secretAccessKey: 'hush-hush', sessionToken: null },
        azure: null,
        ssh: null,
        google: null,
        web: null,
      },
    });
    expect(storage.description).toContain('s3://backups');
    storage.close();
  });
});

it('goes on in the middle of a range that broke off', async () => {
  await using server = await startGcsServer();
  await using proxy = await startFaultProxy(server.endpoint);
  const content = randomBytes(3_000_000);
  server.put('backups', 'base.tar', content);
  proxy.fault = ({ range, earlier }) =>
    range !== null && earlier === 0 ? { kind: 'reset', afterBytes: 300_000 } : null;
  const storage = openGcsStorage({ bucket: 'backups', endpoint: proxy.endpoint, credentials: null });
  const object = await storage.stat('base.tar', signal);
  const read = readObject(storage, object!, { signal, retryDelayMs: 10 });
  expect(Buffer.concat(await all(read)).equals(content)).toBe(true);
});
