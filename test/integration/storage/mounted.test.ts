import { randomBytes } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDirectoryStorage } from '../../../src/storage/directory.ts';
import { readObject } from '../../../src/storage/object-reader.ts';
import { installPackages } from '../../lab/debian-packages.ts';
import { type S3Server, startS3 } from '../../lab/s3-server.ts';
import { waitUntil } from '../../lab/wait-until.ts';
import { all } from '../../support/all.ts';
import { mountBucket } from '../../support/s3fs-mount.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const signal = new AbortController().signal;
const stack = new AsyncDisposableStack();
let s3: S3Server;
let mounted: string;

beforeAll(async () => {
  await installPackages(['s3fs']);
  const directory = stack.use(await temporaryDirectory());
  s3 = stack.use(await startS3({ storageDir: `${directory.path}/s3`, buckets: ['backups'] }));
  const mount = stack.use(await mountBucket(s3, 'backups', directory.path, { statCacheSeconds: 1 }));
  mounted = mount.path;
});
afterAll(() => stack.disposeAsync());

const put = (key: string, content: Uint8Array) =>
  s3.client.send(new PutObjectCommand({ Bucket: 'backups', Key: key, Body: content }));

it('a mounted bucket is listed and read like the bucket itself', async () => {
  const content = randomBytes(5_000_000);
  await put('pg/20260102T030405/base.tar', content);
  await put('pg/20260102T030405/backup_manifest', Buffer.from('{}'));
  const storage = openDirectoryStorage(mounted);
  expect(await storage.listFolders('pg/', signal)).toEqual(['pg/20260102T030405/']);
  const objects = await all(storage.list('pg/', { signal }));
  expect(objects.map(({ key }) => key)).toEqual([
    'pg/20260102T030405/backup_manifest',
    'pg/20260102T030405/base.tar',
  ]);
  const read = await all(readObject(storage, objects[1]!, { signal }));
  expect(Buffer.concat(read).equals(content)).toBe(true);
});

it('an object that is replaced ends the read as soon as the mount shows it', async () => {
  await put('pg/moving', randomBytes(100_000));
  const storage = openDirectoryStorage(mounted);
  const planned = await storage.stat('pg/moving', signal);
  await put('pg/moving', randomBytes(200_000));
  await waitUntil('the mount shows the new object', async () => {
    const seen = await storage.stat('pg/moving', signal);
    return seen !== null && seen.etag !== planned?.etag;
  });
  await expect(all(readObject(storage, planned!, { signal }))).rejects.toMatchObject({
    code: 'OBJECT_CHANGED',
  });
});
