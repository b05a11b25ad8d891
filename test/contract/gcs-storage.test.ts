import { openGcsStorage } from '../../src/storage/gcs.ts';
import { startGcsServer } from '../support/gcs-server.ts';
import { describeObjectStorage } from './object-storage.contract.ts';

describeObjectStorage('a bucket of Google Cloud Storage', async () => {
  const server = await startGcsServer();
  const open = (bucket: string) =>
    openGcsStorage({ bucket, endpoint: server.endpoint, credentials: null, maxAttempts: 1 });
  return {
    storage: open('backups'),
    missing: open('no-such-bucket'),
    put: async (key, content) => server.put('backups', key, content),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});
