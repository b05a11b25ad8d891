import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toErrorData } from '../../../src/errors/serialize.ts';
import type { S3Credentials } from '../../../src/storage/credentials.ts';
import { openS3Storage } from '../../../src/storage/s3.ts';
import { all } from '../../support/all.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { startS3Server, type TestS3Server } from '../../support/s3-server.ts';

const signal = new AbortController().signal;
let server: TestS3Server;
let proxy: FaultProxy;

beforeEach(async () => {
  server = await startS3Server();
  proxy = await startFaultProxy(server.endpoint);
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function put(key: string, content: Uint8Array): Promise<void> {
  const path = join(server.directory, 'backups', `${key}._S3rver_object`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const open = (options: { endpoint?: string; credentials?: S3Credentials; bucket?: string } = {}) =>
  openS3Storage({
    bucket: 'backups',
    endpoint: proxy.endpoint,
    credentials: server.credentials,
    maxAttempts: 2,
    ...options,
  });

const failure = async (
  promise: Promise<unknown>,
): Promise<ReturnType<typeof toErrorData> & { raw: unknown }> =>
  promise.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => ({ ...toErrorData(error), raw: error }),
  );

describe('failures of an S3 store', () => {
  it('names a wrong access key', async () => {
    const storage = open({
      credentials: { accessKeyId: 'WRONG', secretAccessKey: 'S3RVER', sessionToken: null },
    });
    const error = await failure(storage.listFolders('', signal));
    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    });
  });

  it('names a wrong secret key and never shows it', async () => {
    const storage = open({
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'hush-hush', sessionToken: null },
    });
    const error = await failure(storage.listFolders('', signal));
    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining('AWS_SECRET_ACCESS_KEY'),
    });
    expect(inspect(error, { depth: 10 })).not.toContain('hush-hush');
  });

  it.each([
    [403, 'AccessDenied', 'ACCESS_DENIED', 's3:ListBucket'],
    [400, 'ExpiredToken', 'ACCESS_DENIED', 'temporary credentials'],
    [403, 'RequestTimeTooSkewed', 'ACCESS_DENIED', 'clock'],
    [400, 'AuthorizationHeaderMalformed', 'CONFIG_INVALID', 'region'],
    [503, 'SlowDown', 'STORAGE_UNAVAILABLE', 'endpoint'],
    [500, 'InternalError', 'STORAGE_UNAVAILABLE', 'endpoint'],
  ])('turns %d %s into %s', async (status, code, expected, hint) => {
    proxy.fault = () => ({ kind: 'status', status, code });
    const error = await failure(open().listFolders('', signal));
    expect(error.code).toBe(expected);
    expect(error.hint).toContain(hint);
    if (expected === 'STORAGE_UNAVAILABLE') expect(error.message).toContain(proxy.endpoint);
  });

  it('says of an archived object how to get it back', async () => {
    await put('cold', randomBytes(10));
    proxy.fault = () => ({ kind: 'status', status: 403, code: 'InvalidObjectState' });
    const error = await failure(open().readSmall('cold', signal));
    expect(error).toMatchObject({
      code: 'PRECONDITION_FAILED',
      hint: expect.stringContaining('restore-object'),
    });
  });

  it('names an endpoint that nobody listens on', async () => {
    const error = await failure(open({ endpoint: 'http://127.0.0.1:1' }).listFolders('', signal));
    expect(error).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('http://127.0.0.1:1'),
    });
    expect(error.message).toContain('refused');
  });

  it('names an endpoint whose host does not exist', async () => {
    const error = await failure(open({ endpoint: 'http://no-such-host.invalid' }).listFolders('', signal));
    expect(error).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('no-such-host.invalid'),
    });
  });

  it('does not claim that an object is absent when access is denied', async () => {
    proxy.fault = () => ({ kind: 'status', status: 403, code: 'AccessDenied' });
    expect((await failure(open().stat('key', signal))).code).toBe('ACCESS_DENIED');
  });
});

describe('answers that only look right', () => {
  const range = (storage = open(), etag = '') =>
    all(storage.readRange({ key: 'object', etag }, { from: 1000, to: 3000 }, signal));

  it('never takes a whole object for a range', async () => {
    // The proxy drops a header that was signed.
    await server[Symbol.asyncDispose]();
    server = await startS3Server({ allowMismatchedSignatures: true });
    await proxy[Symbol.asyncDispose]();
    proxy = await startFaultProxy(server.endpoint);
    await put('object', randomBytes(10_000));
    proxy.fault = () => ({ kind: 'ignore-range' });
    expect(await failure(range())).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      hint: expect.stringContaining('Range'),
    });
  });

  it('notices another ETag although the store ignores If-Match', async () => {
    await put('object', randomBytes(10_000));
    const etag = (await open().stat('object', signal))?.etag;
    proxy.fault = () => ({ kind: 'etag', etag: '"0123"' });
    expect((await failure(range(open(), etag))).code).toBe('OBJECT_CHANGED');
  });

  it('takes 412 for a replaced object', async () => {
    proxy.fault = () => ({ kind: 'status', status: 412, code: 'PreconditionFailed' });
    expect((await failure(range())).code).toBe('OBJECT_CHANGED');
  });

  it('never takes a body that ends early for the range', async () => {
    await put('object', randomBytes(10_000));
    proxy.fault = () => ({ kind: 'truncate', afterBytes: 500 });
    expect(await failure(range())).toMatchObject({
      code: 'OBJECT_TRUNCATED',
      details: { got: 500, wanted: 2000 },
    });
  });

  it('reports a broken connection as something that may pass', async () => {
    await put('object', randomBytes(10_000));
    proxy.fault = () => ({ kind: 'reset', afterBytes: 500 });
    expect((await failure(range())).code).toBe('STORAGE_UNAVAILABLE');
  });

  it('reads a small object again when the connection broke', async () => {
    const content = randomBytes(10_000);
    await put('object', content);
    proxy.fault = ({ earlier }) => (earlier === 0 ? { kind: 'reset', afterBytes: 500 } : null);
    expect(content.equals(await open().readSmall('object', signal))).toBe(true);
  });
});

describe('odd listings', () => {
  const names = async (count: number) => {
    const everything = Array.from({ length: count }, (_, index) => `k/${String(index).padStart(5, '0')}`);
    for (const key of everything) await put(key, Buffer.from('x'));
    return everything;
  };
  const listed = async () => (await all(open().list('k/', { signal }))).map((object) => object.key);

  it('goes on behind the last key when a truncated page has no token', async () => {
    const everything = await names(1500);
    proxy.fault = () => ({
      kind: 'rewrite',
      body: (text) => text.replace(/<NextContinuationToken>.*?<\/NextContinuationToken>/, ''),
    });
    expect(await listed()).toEqual(everything);
  });

  it('fails instead of turning in circles when a listing never ends', async () => {
    await names(3);
    proxy.fault = () => ({
      kind: 'rewrite',
      body: (text) =>
        text.replace(
          '<IsTruncated>false',
          '<NextContinuationToken>same</NextContinuationToken><IsTruncated>true',
        ),
    });
    expect((await failure(listed())).code).toMatch(/STORAGE_UNAVAILABLE/);
    expect(proxy.requests.length).toBeLessThan(8);
  });
});
