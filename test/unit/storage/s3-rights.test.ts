import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBarmanBackups } from '../../../src/backup/barman-cloud/catalogue.ts';
import { selectBackup } from '../../../src/backup/select-backup.ts';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { readBytes } from '../../../src/storage/object-reader.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import { openS3Storage } from '../../../src/storage/s3.ts';
import { all } from '../../support/all.ts';
import { backupInfoText } from '../../support/backup-store.ts';
import { documentedPolicy, without } from '../../support/documented-policy.ts';
import { type PolicedS3, policedS3 } from '../../support/policed-s3.ts';
import { actionOf, isAllowed, type S3Policy } from '../../support/s3-policy.ts';
import { startS3Server, type TestS3Server } from '../../support/s3-server.ts';

const signal = new AbortController().signal;
const bucket = 'backups';
const readOnly = documentedPolicy(bucket, 'pg/main');
const info = 'pg/main/base/20261120T020000/backup.info';
const everything: S3Policy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['s3:PutObject'], Resource: 'arn:aws:s3:::backups/*' }],
};

let server: TestS3Server;
const opened: (AsyncDisposable | { close(): void })[] = [];

/** The bucket as these rights show it. */
async function open(policy: S3Policy): Promise<{ storage: ObjectStorage; store: PolicedS3 }> {
  const store = await policedS3(server.endpoint, policy);
  const { credentials } = server;
  const storage = openS3Storage({ bucket, endpoint: store.endpoint, credentials, maxAttempts: 1 });
  opened.push(storage, store);
  return { storage, store };
}

const failure = (promise: Promise<unknown>) => promise.then(() => null, toErrorData);

beforeEach(async () => {
  server = await startS3Server();
  const { storage } = await open(everything);
  await storage.writeSmall(info, Buffer.from(backupInfoText()), signal);
  await storage.writeSmall('pg/main/base/20261120T020000/data.tar', Buffer.alloc(1024), signal);
});
afterEach(async () => {
  for (const one of opened.splice(0)) {
    if ('close' in one) one.close();
    else await one[Symbol.asyncDispose]();
  }
  await server[Symbol.asyncDispose]();
});

describe('with the rights that docs/sources.md says', () => {
  it('a catalogue is read and an object is read by ranges, with no other action', async () => {
    const { storage, store } = await open(readOnly);
    const [backup] = await listBarmanBackups(storage, 'pg/main/', signal);
    expect(backup).toMatchObject({ status: 'complete', problem: null });
    const object = await storage.stat(info, signal);
    const bytes = await readBytes(storage, object!, { from: 0, to: 9 }, signal);
    expect(Buffer.from(bytes).toString()).toBe('begin_tim');
    expect([...new Set(store.requests.map(({ action }) => action))].sort()).toEqual([
      's3:GetObject',
      's3:ListBucket',
    ]);
  });

  it('an index is not published, and the error names the right to write', async () => {
    const { storage, store } = await open(readOnly);
    const error = await failure(storage.writeSmall('pg/main/odo-index/x', Buffer.from('x'), signal));
    expect(error).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(error?.hint).toContain('s3:PutObject on arn:aws:s3:::backups/pg/main/odo-index/x ');
    expect(store.requests).toEqual([expect.objectContaining({ action: 's3:PutObject', allowed: false })]);
  });
});

describe('without the right to', () => {
  it('list, the error names it, the bucket and the prefix', async () => {
    const { storage } = await open(without(readOnly, 's3:ListBucket'));
    const error = await failure(all(storage.list('pg/main/', { signal })));
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining(bucket) });
    expect(error?.hint).toContain('s3:ListBucket on arn:aws:s3:::backups for the prefix pg/main/.');
    expect(error?.hint).toContain('docs/sources.md');
  });

  it('read, the error of an object and of its ranges names it and the key', async () => {
    const { storage } = await open(without(readOnly, 's3:GetObject'));
    const [object] = await all(storage.list(info, { signal }));
    for (const reading of [
      () => storage.readSmall(info, signal),
      () => storage.stat(info, signal),
      () => readBytes(storage, object!, { from: 0, to: 9 }, signal),
    ]) {
      const error = await failure(reading());
      expect(error).toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining(info) });
      expect(error?.hint).toContain(`s3:GetObject on arn:aws:s3:::backups/${info} `);
      expect(error?.hint).toContain('docs/sources.md');
    }
  });

  it('read, no backup is called broken: the choice ends with the missing right', async () => {
    const { storage } = await open(without(readOnly, 's3:GetObject'));
    const backups = await listBarmanBackups(storage, 'pg/main/', signal);
    expect(backups).toMatchObject([{ status: 'unreadable', isDenied: true }]);
    for (const backup of ['latest', '20261120T020000']) {
      const error = await failure((async () => selectBackup(backups, { backup }))());
      expect(error?.code).toBe('ACCESS_DENIED');
      expect(`${error?.message} ${error?.hint}`).toContain('s3:GetObject');
    }
  });
});

describe('the policy of the test', () => {
  it.each([
    ['GET', '/b?list-type=2&prefix=pg%2Fmain%2F&delimiter=%2F', 's3:ListBucket', 'pg/main/'],
    ['HEAD', '/b', 's3:ListBucket', null],
    ['GET', '/b/pg/main/base.tar?x-id=GetObject', 's3:GetObject', null],
    ['HEAD', '/b/pg/main/base.tar', 's3:GetObject', null],
    ['PUT', '/b/pg/main/x', 's3:PutObject', null],
    ['DELETE', '/b/pg/main/x', 's3:DeleteObject', null],
    ['GET', '/b?location', 'GET with location', ''],
    ['GET', '/', 's3:ListAllMyBuckets', ''],
  ])('takes %s %s for %s', (method, target, action, prefix) => {
    expect(actionOf(method, target)).toMatchObject({ action, prefix });
  });

  it('lets nobody list above the prefix, read beside it or write below it', () => {
    const can = (method: string, target: string) => isAllowed(readOnly, actionOf(method, target));
    expect(can('GET', '/backups?list-type=2&prefix=pg/main/')).toBe(true);
    expect(can('GET', '/backups?list-type=2&prefix=pg/')).toBe(false);
    expect(can('HEAD', '/backups')).toBe(false);
    expect(can('GET', '/backups/pg/main/x')).toBe(true);
    expect(can('GET', '/backups/pg/other/x')).toBe(false);
    expect(can('GET', '/others/pg/main/x')).toBe(false);
    expect(can('PUT', '/backups/pg/main/x')).toBe(false);
  });
});
