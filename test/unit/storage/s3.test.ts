import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { freshBlock } from '../../../src/storage/block-pool.ts';
import type { RangeLocation } from '../../../src/storage/range-location.ts';
import { readRange } from '../../../src/storage/range-reader.ts';
import { openS3Storage, type S3StorageOptions } from '../../../src/storage/s3.ts';
import { all } from '../../support/all.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { readOnce } from '../../support/read-range.ts';
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

const open = (options: Partial<S3StorageOptions> = {}) =>
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
    readOnce(storage, { key: 'object', etag }, { from: 1000, to: 3000 }, signal);

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
    proxy.fault = () => ({ kind: 'headers', headers: { etag: '"0123"' } });
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

  it('never takes more than the range', async () => {
    const content = randomBytes(10_000);
    // The answer begins where it should and goes on behind the range.
    const upstream = createServer((_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 1000-9999/10000' }).end(content.subarray(1000));
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { port } = upstream.address() as AddressInfo;
    const bytes = await range(open({ endpoint: `http://127.0.0.1:${port}` }));
    expect(bytes.equals(content.subarray(1000, 3000))).toBe(true);
    upstream.closeAllConnections();
    upstream.close();
  });

  it.each([
    [301, '', 'CONFIG_INVALID', 'region'],
    [301, 'PermanentRedirect', 'CONFIG_INVALID', 'region'],
    [307, 'TemporaryRedirect', 'STORAGE_UNAVAILABLE', '307 (TemporaryRedirect)'],
    [403, '', 'ACCESS_DENIED', 'object in bucket backups'],
    [403, 'InvalidObjectState', 'PRECONDITION_FAILED', 'archive tier'],
    [400, 'ExpiredToken', 'ACCESS_DENIED', 'session token has expired'],
    [404, 'NoSuchBucket', 'BUCKET_NOT_FOUND', 'no bucket backups'],
    [416, 'InvalidRange', 'OBJECT_CHANGED', 'shorter'],
    [429, '', 'STORAGE_UNAVAILABLE', 'answered 429'],
    [503, 'SlowDown', 'STORAGE_UNAVAILABLE', 'answered 503 (SlowDown)'],
  ])('turns %d %s for a range into %s', async (status, code, expected, message) => {
    proxy.fault = ({ method }) => (method === 'GET' ? { kind: 'status', status, code } : null);
    expect(await failure(range())).toMatchObject({
      code: expected,
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
  });

  it('goes by the status when a proxy answers in HTML', async () => {
    proxy.fault = () => ({ kind: 'rewrite', body: () => `<html>${'x'.repeat(200_000)}</html>` });
    expect(await failure(range())).toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      causes: [expect.stringContaining('404')],
    });
  });

  it('says that an endpoint does not speak HTTP', async () => {
    const storage = open();
    const location = await storage.locate({ key: 'object', etag: '' }, { from: 0, to: 10 }, signal);
    const upstream = createTcpServer((socket) => socket.end('220 mail.example.com ESMTP\r\n\r\n'));
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { port } = upstream.address() as AddressInfo;
    const reading = { signal, stallMs: 30_000, onBytes: () => {}, allocate: freshBlock };
    expect(await failure(readRange({ ...location, port } as RangeLocation, reading))).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('answered something that is not HTTP'),
    });
    upstream.close();
  });

  it('refuses credentials that would break the request apart', async () => {
    const location = await open().locate({ key: 'object', etag: '' }, { from: 0, to: 10 }, signal);
    const broken = { ...location, headers: { 'x-amz-security-token': 'a\nb' } } as RangeLocation;
    const reading = { signal, stallMs: 30_000, onBytes: () => {}, allocate: freshBlock };
    expect((await failure(readRange(broken, reading))).code).toBe('CONFIG_INVALID');
  });

  it('gives up a range that nobody answers', async () => {
    proxy.fault = ({ method }) => (method === 'GET' ? { kind: 'silence' } : null);
    expect(await failure(range(open({ answerTimeoutMs: 50 })))).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('did not answer in time'),
    });
    await expect.poll(() => proxy.open).toBe(0);
  });

  it('names the endpoint when the store goes away before a range is read', async () => {
    const storage = open();
    const location = await storage.locate({ key: 'object', etag: '' }, { from: 0, to: 10 }, signal);
    await proxy[Symbol.asyncDispose]();
    const reading = readRange(location, { signal, stallMs: 30_000, onBytes: () => {}, allocate: freshBlock });
    expect(await failure(reading)).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`${proxy.endpoint} refused the connection`)),
    });
    proxy = await startFaultProxy(server.endpoint);
  });

  it('uses another connection when the store closed the one that lay idle', async () => {
    const content = randomBytes(10_000);
    await put('object', content);
    const storage = open();
    await range(storage);
    let closed = 0;
    proxy.fault = ({ onConnection, method }) => {
      if (method !== 'GET' || onConnection === 0) return null;
      closed++;
      return { kind: 'hang-up' };
    };
    expect((await range(storage)).equals(content.subarray(1000, 3000))).toBe(true);
    expect(closed).toBe(1);
  });

  it('uses a connection again', async () => {
    await put('object', randomBytes(10_000));
    const storage = open();
    for (let i = 0; i < 3; i++) await range(storage);
    const gets = proxy.requests.filter((request) => request.method === 'GET');
    expect(gets.map((request) => request.onConnection)).toEqual([0, 1, 2]);
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

describe('where a range can be had', () => {
  const locate = (storage = open()) =>
    storage.locate({ key: 'object', etag: 'abc' }, { from: 10, to: 20 }, signal);

  it('is signed with range, ETag and session token, and holds no secret key', async () => {
    const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'hush-hush', sessionToken: 'for-an-hour' };
    const location = await locate(open({ credentials }));
    if (location.kind !== 'http') expect.fail('not over HTTP');
    expect(location.headers).toMatchObject({
      range: 'bytes=10-19',
      'if-match': '"abc"',
      'x-amz-security-token': 'for-an-hour',
    });
    const [, signed] = /SignedHeaders=([^,]+)/.exec(location.headers['authorization'] ?? '') ?? [];
    expect(signed?.split(';')).toEqual(
      expect.arrayContaining(['host', 'if-match', 'range', 'x-amz-date', 'x-amz-security-token']),
    );
    expect(location.path).not.toMatch(/signature|credential/i);
    expect(JSON.stringify(location)).not.toContain('hush-hush');
    expect(structuredClone(location)).toEqual(location);
  });

  it('shows no signature in an error', async () => {
    proxy.fault = ({ method }) => (method === 'GET' ? { kind: 'hang-up' } : null);
    const error = await failure(readOnce(open(), { key: 'object', etag: '' }, { from: 0, to: 10 }, signal));
    expect(error.code).toBe('STORAGE_UNAVAILABLE');
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/Signature=/);
  });

  it('costs a request only before the store has answered any', async () => {
    const listing = open();
    await listing.listFolders('', signal);
    await locate(listing);
    expect(proxy.requests.map((request) => request.method)).toEqual(['GET']);
    const storage = open();
    await locate(storage);
    await locate(storage);
    expect(proxy.requests.slice(1).map((request) => request.method)).toEqual(['HEAD']);
  });

  it.each([403, 404, 501])('does not need the answer %d about the bucket', async (status) => {
    await put('object', Buffer.from('0123456789'));
    proxy.fault = ({ method }) => (method === 'HEAD' ? { kind: 'status', status, code: '' } : null);
    const range = { from: 2, to: 4 };
    expect(
      (await readOnce(open({ maxAttempts: 1 }), { key: 'object', etag: '' }, range, signal)).toString(),
    ).toBe('23');
  });

  it.each([
    ['redirects', 301],
    ['denies a look at the bucket', 403],
  ])('is signed for the region that AWS names when it %s', async (_, status) => {
    await put('object', Buffer.from('0123456789'));
    // What makes the SDK take this server for AWS.
    vi.stubEnv('AWS_ENDPOINT_URL_S3', proxy.endpoint);
    const regionOf = (authorization = '') => /Credential=[^/]+\/\d+\/([^/]+)/.exec(authorization)?.[1];
    const headers = { 'x-amz-bucket-region': 'eu-west-1' };
    proxy.fault = ({ headers: { authorization }, method }) =>
      regionOf(authorization) === 'eu-west-1'
        ? { kind: 'headers', headers }
        : { kind: 'status', status: method === 'GET' ? 301 : status, code: '', headers };
    const storage = open({ endpoint: null, region: 'us-east-1', forcePathStyle: true });
    const range = { from: 2, to: 4 };
    expect((await readOnce(storage, { key: 'object', etag: '' }, range, signal)).toString()).toBe('23');
    vi.unstubAllEnvs();
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

  it('asks again for a listing that came in half', async () => {
    const everything = await names(3);
    proxy.fault = ({ earlier }) => (earlier === 0 ? { kind: 'truncate', afterBytes: 100 } : null);
    expect(await listed()).toEqual(everything);
    expect(proxy.requests).toHaveLength(2);
  });

  it('asks again for a listing of which nothing more comes, and gives up when that stays so', async () => {
    const everything = await names(3);
    const impatient = open({ answerTimeoutMs: 100, maxAttempts: 2 });
    const stall = { kind: 'stall', afterBytes: 100 } as const;
    proxy.fault = ({ earlier }) => (earlier === 0 ? stall : null);
    expect((await all(impatient.list('k/', { signal }))).map(({ key }) => key)).toEqual(everything);
    proxy.fault = () => stall;
    expect(await failure(all(impatient.list('k/', { signal })))).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('did not answer in time'),
    });
    await expect.poll(() => proxy.open).toBe(0);
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
