import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { waitUntil } from '../lab/wait-until.ts';
import { freePort } from './free-port.ts';

/** The account of every Azure emulator; the key is no secret. */
export const azureAccount = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
} as const;

export interface AzureServer extends AsyncDisposable {
  /** Of the blob service, with the account. */
  readonly endpoint: string;
  /** A client for tests that put things there. */
  readonly client: BlobServiceClient;
  /** A container that no other test uses. */
  newContainer(): Promise<string>;
}

/** Azurite, with everything in its memory, in a process of its own on a free port. */
export async function startAzureServer(): Promise<AzureServer> {
  const port = await freePort();
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const options = ['--silent', '--inMemoryPersistence', '--disableTelemetry', '--skipApiVersionCheck'];
  const child = spawn(process.execPath, [program, '--blobPort', String(port), ...options], {
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const endpoint = `http://127.0.0.1:${port}/${azureAccount.name}`;
  const client = new BlobServiceClient(
    endpoint,
    new StorageSharedKeyCredential(azureAccount.name, azureAccount.key),
    { retryOptions: { maxTries: 1 } },
  );
  await waitUntil('Azurite answers', () => client.getProperties());
  return {
    endpoint,
    client,
    async newContainer() {
      const name = randomUUID();
      await client.createContainer(name);
      return name;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
