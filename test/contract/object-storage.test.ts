import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openDirectoryStorage } from '../../src/storage/directory.ts';
import { openS3Storage } from '../../src/storage/s3.ts';
import { startS3Server } from '../support/s3-server.ts';
import { describeObjectStorage } from './object-storage.contract.ts';

async function put(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

describeObjectStorage('an S3 bucket', async () => {
  const server = await startS3Server();
  const { endpoint, credentials } = server;
  const storage = openS3Storage({ bucket: 'backups', endpoint, credentials });
  const missing = openS3Storage({ bucket: 'no-such-bucket', endpoint, credentials });
  return {
    storage,
    missing,
    async put(key, content) {
      const path = join(server.directory, 'backups', `${key}._S3rver_object`);
      // The server keeps the checksum it computed beside the object.
      await rm(`${path}.md5`, { force: true });
      await put(path, content);
    },
    async [Symbol.asyncDispose]() {
      storage.close();
      missing.close();
      await server[Symbol.asyncDispose]();
    },
  };
});

describeObjectStorage('a local directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'odo-directory-'));
  return {
    storage: openDirectoryStorage(directory),
    missing: openDirectoryStorage(join(directory, 'no-such-directory')),
    put: (key, content) => put(join(directory, key), content),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
});
