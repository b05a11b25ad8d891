import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { readObject } from '../../../src/storage/object-reader.ts';
import { openWebStorage } from '../../../src/storage/web.ts';
import { describeObjectStorage } from '../../contract/object-storage.contract.ts';
import { installPackages } from '../../lab/debian-packages.ts';
import { all } from '../../support/all.ts';
import { type Nginx, startNginx } from '../../support/nginx.ts';

const signal = new AbortController().signal;
let directory: string;
let root: string;
let server: Nginx;

beforeAll(async () => {
  await installPackages(['nginx-light']);
  directory = await mkdtemp(join(tmpdir(), 'odo-web-'));
  root = join(directory, 'root');
  await mkdir(root);
  const locations = [
    'location / { autoindex on; }',
    'location /plain/ { autoindex off; }',
    'location /dates/ { autoindex on; etag off; }',
    `location /locked/ { autoindex on; auth_basic "backups"; auth_basic_user_file ${join(directory, 'users')}; }`,
  ];
  await writeFile(join(directory, 'users'), 'odo:{PLAIN}sesame\n');
  server = await startNginx({ directory: join(directory, 'nginx'), root, server: locations });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function put(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const open = (folder: string, credentials: { user: string; password: string } | null = null) =>
  openWebStorage({ url: `${server.url}${folder}`, credentials, maxAttempts: 1 });

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => toErrorData(error),
  );

let folders = 0;
describeObjectStorage('a folder of a web server', async () => {
  const folder = `objects-${folders++}/`;
  await mkdir(join(root, folder));
  return {
    storage: open(folder),
    missing: open('no-such-folder/'),
    put: (key, content) => put(join(root, folder, key), content),
    async [Symbol.asyncDispose]() {},
  };
});

describe('a web server', () => {
  const content = randomBytes(3_000_000);

  it('without a listing is asked for the files that a base backup has', async () => {
    for (const name of ['base.tar.gz', 'backup_manifest', 'notes.txt'])
      await put(join(root, 'plain', name), content);
    const storage = open('plain/');
    const found = await all(storage.list('', { signal }));
    expect(found.map(({ key }) => key)).toEqual(['backup_manifest', 'base.tar.gz']);
    expect(Buffer.concat(await all(readObject(storage, found[1]!, { signal }))).equals(content)).toBe(true);
  });

  it('without ETags is held to the date of a file', async () => {
    await put(join(root, 'dates/base.tar'), content);
    const storage = open('dates/');
    const object = await storage.stat('base.tar', signal);
    expect(object?.etag).toMatch(/^date /);
    expect(Buffer.concat(await all(readObject(storage, object!, { signal }))).equals(content)).toBe(true);
    const older = { ...object!, etag: 'date Thu, 01 Jan 2026 00:00:00 GMT' };
    expect((await failure(all(readObject(storage, older, { signal })))).code).toBe('OBJECT_CHANGED');
  });

  it('that wants a password gets it, and says so when it is missing', async () => {
    await put(join(root, 'locked/base.tar'), content);
    expect(await failure(all(open('locked/').list('', { signal })))).toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining('ODO_HTTP_PASSWORD'),
    });
    const storage = open('locked/', { user: 'odo', password: 'sesame' });
    const [object] = await all(storage.list('', { signal }));
    expect(Buffer.concat(await all(readObject(storage, object!, { signal }))).equals(content)).toBe(true);
  });

  it('cannot be written to', async () => {
    expect((await failure(open('').writeSmall('x', content, signal))).code).toBe('PRECONDITION_FAILED');
  });
});
