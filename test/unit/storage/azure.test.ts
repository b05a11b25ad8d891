import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { openAzureStorage } from '../../../src/storage/azure.ts';
import type { AzureCredentials } from '../../../src/storage/credentials.ts';
import { readObject } from '../../../src/storage/object-reader.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import { all } from '../../support/all.ts';
import { type AzureServer, azureAccount, startAzureServer } from '../../support/azure-server.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';

const signal = new AbortController().signal;
const none: AzureCredentials = { connectionString: null, account: null, key: null, sasToken: null };
const content = randomBytes(3_000_000);
let server: AzureServer;
let container: string;

beforeAll(async () => {
  server = await startAzureServer();
  container = await server.newContainer();
  await server.client
    .getContainerClient(container)
    .getBlockBlobClient('pg/base.tar')
    .upload(content, content.length);
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

const open = (credentials: Partial<AzureCredentials>, endpoint = server.endpoint): ObjectStorage =>
  openAzureStorage({
    account: azureAccount.name,
    container,
    endpoint,
    credentials: { ...none, ...credentials },
    maxAttempts: 1,
  });

async function read(storage: ObjectStorage): Promise<Buffer> {
  const object = await storage.stat('pg/base.tar', signal);
  return Buffer.concat(await all(readObject(storage, object!, { signal })));
}

const sas = (permissions: string) =>
  generateBlobSASQueryParameters(
    {
      containerName: container,
      permissions: ContainerSASPermissions.parse(permissions),
      expiresOn: new Date(Date.now() + 3_600_000),
    },
    new StorageSharedKeyCredential(azureAccount.name, azureAccount.key),
  ).toString();

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => toErrorData(error),
  );

describe('credentials of Azure', () => {
  it('are an account key', async () => {
    expect((await read(open({ key: azureAccount.key }))).equals(content)).toBe(true);
  });

  it('are a connection string', async () => {
    const connectionString = `DefaultEndpointsProtocol=http;AccountName=${azureAccount.name};AccountKey=${azureAccount.key};BlobEndpoint=${server.endpoint};`;
    const storage = openAzureStorage({
      account: azureAccount.name,
      container,
      endpoint: null,
      credentials: { ...none, connectionString },
    });
    expect((await read(storage)).equals(content)).toBe(true);
  });

  it.each(['', '?'])('are a SAS token, with %j in front', async (mark) => {
    expect((await read(open({ sasToken: mark + sas('rl') }))).equals(content)).toBe(true);
  });

  it('of another account are refused before anything is asked', async () => {
    expect(await failure(read(open({ account: 'other', key: azureAccount.key })))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('other'),
    });
  });

  it('that cannot be read are not repeated', async () => {
    const error = await failure(read(open({ connectionString: 'AccountKey=hush-hush' })));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(JSON.stringify(error)).not.toContain('hush-hush');
  });

  it('that are wrong are named by their variable and never shown', async () => {
    const key = Buffer.from('hush-hush').toString('base64');
    const error = await failure(all(open({ key }).list('', { signal })));
    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      hint: expect.stringContaining('AZURE_STORAGE_KEY'),
    });
    expect(inspect(error, { depth: 10 })).not.toContain(key);
  });

  it('that lack a right say which', async () => {
    const token = sas('r');
    const error = await failure(all(open({ sasToken: token }).list('', { signal })));
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', hint: expect.stringContaining('l in the SAS') });
    expect(inspect(error, { depth: 10 })).not.toContain('sig=');
  });
});

describe('failures of Azure', () => {
  it('in the middle of a range cost only what was missing', async () => {
    await using proxy = await startFaultProxy(new URL(server.endpoint).origin);
    proxy.fault = ({ range, earlier }) =>
      range !== null && earlier === 0 ? { kind: 'reset', afterBytes: 300_000 } : null;
    const storage = open({ key: azureAccount.key }, `${proxy.endpoint}/${azureAccount.name}`);
    expect((await read(storage)).equals(content)).toBe(true);
  });

  it('name an endpoint that nobody listens on', async () => {
    const storage = open({ key: azureAccount.key }, 'http://127.0.0.1:1/devstoreaccount1');
    expect(await failure(storage.listFolders('', signal))).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('refused the connection'),
    });
  });

  it.each([
    [503, 'ServerBusy', 'STORAGE_UNAVAILABLE'],
    [409, 'BlobArchived', 'PRECONDITION_FAILED'],
    [404, 'ContainerNotFound', 'BUCKET_NOT_FOUND'],
    [403, 'AuthorizationPermissionMismatch', 'ACCESS_DENIED'],
  ])('turn %d %s of a range into %s', async (status, code, expected) => {
    await using proxy = await startFaultProxy(new URL(server.endpoint).origin);
    const storage = open({ key: azureAccount.key }, `${proxy.endpoint}/${azureAccount.name}`);
    const object = await storage.stat('pg/base.tar', signal);
    proxy.fault = () => ({ kind: 'status', status, code });
    const error = await failure(all(readObject(storage, object!, { signal, retries: 0 })));
    expect(error.code).toBe(expected);
    expect(error.message).toContain('container');
  });
});
