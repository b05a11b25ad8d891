import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openS3Storage } from '../../../src/storage/s3.ts';
import { openS3Writer } from '../../../src/storage/s3-writer.ts';
import { type ProxiedRequest, startFaultProxy } from '../../support/fault-proxy.ts';
import { startS3Server } from '../../support/s3-server.ts';

const partBytes = 5 * 1024 ** 2;
const content = randomBytes(2 * partBytes + 12_345);
const { signal } = new AbortController();

async function* pieces(bytes: Uint8Array, error: Error | null = null): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 999_999) yield bytes.subarray(at, at + 999_999);
  if (error !== null) throw error;
}

const isPart = ({ method, path }: ProxiedRequest) => method === 'PUT' && path.includes('partNumber');

async function openPlace() {
  const server = await startS3Server();
  const proxy = await startFaultProxy(server.endpoint);
  const options = { bucket: 'backups', endpoint: proxy.endpoint, credentials: server.credentials };
  const [writer, storage] = [openS3Writer(options), openS3Storage(options)];
  return {
    ...{ proxy, writer, storage },
    async [Symbol.asyncDispose]() {
      writer.close();
      storage.close();
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test.each([content.length, 2 * partBytes, partBytes, 100, 0])(
  'a stream of %i bytes becomes one object, with its size and SHA-256',
  async (length) => {
    await using place = await openPlace();
    const bytes = content.subarray(0, length);
    const stored: number[] = [];
    const uploaded = await place.writer.upload('a/b', pieces(bytes), {
      ...{ partBytes, signal },
      onStored: (count) => stored.push(count),
    });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(uploaded).toEqual({ key: 'a/b', sizeBytes: length, sha256 });
    expect(Buffer.from(await place.storage.readSmall('a/b', signal)).equals(bytes)).toBe(true);
    expect(stored.at(-1)).toBe(length);
  },
);

test('a part that the store refuses for now, or loses, is sent again', async () => {
  await using place = await openPlace();
  place.proxy.fault = (request) => {
    if (!isPart(request) || request.earlier > 1) return null;
    return request.path.includes('partNumber=2')
      ? { kind: 'hang-up' }
      : { kind: 'status', status: 503, code: 'SlowDown' };
  };
  await place.writer.upload('a/b', pieces(content), { partBytes, signal });
  expect(Buffer.from(await place.storage.readSmall('a/b', signal)).equals(content)).toBe(true);
});

test('a stream that ends with an error leaves no object, and the upload is taken back', async () => {
  await using place = await openPlace();
  const uploading = place.writer.upload('a/b', pieces(content, new Error('it broke')), { partBytes, signal });
  await expect(uploading).rejects.toThrow('it broke');
  expect(await place.storage.stat('a/b', signal)).toBeNull();
  const aborts = place.proxy.requests.filter(
    ({ method, path }) => method === 'DELETE' && path.includes('uploadId'),
  );
  expect(aborts).toHaveLength(1);
});

test('what is there already is not replaced, and a store that does not know the condition is asked without it', async () => {
  await using place = await openPlace();
  const asked: (string | undefined)[] = [];
  place.proxy.fault = ({ method, headers }) => {
    if (method !== 'PUT') return null;
    asked.push(headers['if-none-match'] as string | undefined);
    return headers['if-none-match'] === '*' ? { kind: 'status', status: 501, code: 'NotImplemented' } : null;
  };
  await place.writer.create('a/new', Buffer.from('x'), signal);
  expect(asked).toEqual(['*', undefined]);
  place.proxy.fault = () => ({ kind: 'status', status: 412, code: 'PreconditionFailed' });
  await expect(place.writer.create('a/new', Buffer.from('y'), signal)).rejects.toMatchObject({
    code: 'OBJECT_CHANGED',
    message: expect.stringContaining('is there already'),
  });
});
