import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readObject } from '../../../src/storage/object-reader.ts';
import { openS3Storage } from '../../../src/storage/s3.ts';
import { all } from '../../support/all.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { startS3Server, type TestS3Server } from '../../support/s3-server.ts';

const signal = new AbortController().signal;
let server: TestS3Server;
let proxy: FaultProxy;

beforeEach(async () => {
  // What is looked at here is what is sent, whatever the server makes of the signature of another host.
  server = await startS3Server({ allowMismatchedSignatures: true });
  proxy = await startFaultProxy(server.endpoint);
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const content = randomBytes(2_000_000);

async function put(key: string): Promise<void> {
  const path = join(server.directory, 'backups', `${key}._S3rver_object`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const open = (endpoint = proxy.endpoint, region: string | null = null) =>
  openS3Storage({ bucket: 'backups', endpoint, region, credentials: server.credentials });

describe('stores that speak S3', () => {
  it('get the bucket in the path when an endpoint is given, with or without a slash at its end', async () => {
    await put('pg/base.tar');
    for (const endpoint of [proxy.endpoint, `${proxy.endpoint}/`]) {
      const storage = open(endpoint);
      const object = await storage.stat('pg/base.tar', signal);
      expect(Buffer.concat(await all(readObject(storage, object!, { signal }))).equals(content)).toBe(true);
      storage.close();
    }
    const paths = proxy.requests.map(({ path }) => path.split('?')[0]);
    expect(paths).toContain('/backups/pg/base.tar');
    expect(paths.filter((path) => path?.startsWith('//'))).toEqual([]);
  });

  it.each([
    [null, 'us-east-1'],
    ['auto', 'auto'],
    ['gra', 'gra'],
  ])('get region %s signed as %s, for listings and ranges alike', async (region, signed) => {
    await put('pg/base.tar');
    const storage = open(proxy.endpoint, region);
    const [object] = await all(storage.list('pg/', { signal }));
    await all(readObject(storage, object!, { signal }));
    const scopes = proxy.requests.map(
      ({ headers }) => /Credential=[^/]+\/\d+\/([^/]+)\/s3/.exec(headers.authorization ?? '')?.[1],
    );
    expect(new Set(scopes)).toEqual(new Set([signed]));
    storage.close();
  });

  it('are asked for no checksums, and sent none', async () => {
    await put('pg/base.tar');
    const storage = open();
    const object = await storage.stat('pg/base.tar', signal);
    await all(readObject(storage, object!, { signal }));
    await storage.readSmall('pg/base.tar', signal);
    await storage.writeSmall('pg/index', Buffer.from('x'), signal);
    const names = proxy.requests.flatMap(({ headers }) => Object.keys(headers));
    expect(names.filter((name) => /checksum|trailer/.test(name))).toEqual([]);
    storage.close();
  });

  it('may list ETags without quotes', async () => {
    await put('pg/base.tar');
    const storage = open();
    proxy.fault = ({ path }) =>
      path.includes('list-type')
        ? {
            kind: 'rewrite',
            body: (text) =>
              text.replaceAll('&quot;', '').replace(/<ETag>"|"<\/ETag>/g, (tag) => tag.replace('"', '')),
          }
        : null;
    const [object] = await all(storage.list('pg/', { signal }));
    expect(object?.etag).toMatch(/^[0-9a-f]{32}$/);
    expect(Buffer.concat(await all(readObject(storage, object!, { signal }))).equals(content)).toBe(true);
    storage.close();
  });
});
