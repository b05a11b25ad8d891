import { afterAll, beforeAll } from 'vitest';
import { openAzureStorage } from '../../src/storage/azure.ts';
import { type AzureServer, azureAccount, startAzureServer } from '../support/azure-server.ts';
import { describeObjectStorage } from './object-storage.contract.ts';

let server: AzureServer;

beforeAll(async () => {
  server = await startAzureServer();
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

describeObjectStorage('an Azure container', async () => {
  const container = await server.newContainer();
  const open = (name: string) =>
    openAzureStorage({
      account: azureAccount.name,
      container: name,
      endpoint: server.endpoint,
      credentials: { connectionString: null, account: null, key: azureAccount.key, sasToken: null },
    });
  const blobs = server.client.getContainerClient(container);
  return {
    storage: open(container),
    missing: open('no-such-container'),
    async put(key, content) {
      await blobs.getBlockBlobClient(key).upload(content, content.length);
    },
    async [Symbol.asyncDispose]() {
      await blobs.delete();
    },
  };
});
