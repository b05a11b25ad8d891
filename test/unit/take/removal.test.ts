import { expect, test } from 'vitest';
import { pgBasebackup } from '../../../src/backup/pg-basebackup/format.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import type { ObjectWriter } from '../../../src/storage/object-writer.ts';
import { openS3Storage } from '../../../src/storage/s3.ts';
import { openS3Writer } from '../../../src/storage/s3-writer.ts';
import { type BackupDocument, idOf, writeDocument } from '../../../src/take/backup-document.ts';
import { listOwnBackups, removeOwnBackup } from '../../../src/take/own-backups.ts';
import { removeOldBackups } from '../../../src/take/remove-old-backups.ts';
import type { TakeEvent } from '../../../src/take/take-events.ts';
import { labelText } from '../../support/backup-store.ts';
import { startS3Server } from '../../support/s3-server.ts';
import { tarGz } from '../../support/tar-bytes.ts';

const { signal } = new AbortController();

function documentOf(finishedAt: string, systemIdentifier = '7711482807481257680'): BackupDocument {
  return {
    ...{ formatVersion: 1, id: idOf(new Date(finishedAt)), labels: {}, serverVersion: '17.6' },
    ...{ serverVersionNumber: 170006, systemIdentifier, timeline: 1, startLsn: '0/4000028' },
    ...{ stopLsn: '0/5000120', tarBytes: 1, compression: 'gzip', startedAt: finishedAt, finishedAt },
    objects: [{ name: 'base.tar.gz', sizeBytes: 1, sha256: '' }],
    odoVersion: '0.1.0',
  };
}

/** A bucket with these backups below `main/`, each with a real beginning of a tar. */
async function bucketWith(documents: readonly BackupDocument[]) {
  const server = await startS3Server();
  const options = { bucket: 'backups', endpoint: server.endpoint, credentials: server.credentials };
  const [storage, writer] = [openS3Storage(options), openS3Writer(options)];
  const base = await tarGz([['backup_label', labelText()]]);
  const put = (key: string, bytes: Uint8Array) => writer.create(`main/${key}`, bytes, signal);
  const begin = async (id: string) => {
    await put(`${id}/odo-backup.begun.json`, Buffer.from('{}'));
    await put(`${id}/base.tar.gz`, base);
  };
  for (const document of documents) {
    await begin(document.id);
    await put(`${document.id}/odo-backup.json`, writeDocument(document));
  }
  return {
    ...{ storage, writer, put, begin, base },
    async keys(): Promise<string[]> {
      const found: string[] = [];
      for await (const { key } of storage.list('main/', { signal })) found.push(key.slice('main/'.length));
      return found;
    },
    async [Symbol.asyncDispose]() {
      writer.close();
      storage.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const [old, recent, newest] = [
  documentOf('2026-11-01T02:00:00.000Z'),
  documentOf('2026-11-27T02:00:00.000Z'),
  documentOf('2026-11-28T02:00:00.000Z'),
] as const;

async function removeBehind(
  bucket: Awaited<ReturnType<typeof bucketWith>>,
  now: Date,
  writer: ObjectWriter = bucket.writer,
): Promise<TakeEvent[]> {
  const events: TakeEvent[] = [];
  await removeOldBackups(
    { ...bucket, writer, prefix: 'main/' },
    { kept: newest, retention: { keepLast: 2, keepForMs: null } },
    { now: () => now, onEvent: (event) => events.push(event), signal },
  );
  return events;
}

test('removes the backups of odo that are not kept and what a killed one left, says which, and touches nothing else', async () => {
  const other = documentOf('2026-10-01T02:00:00.000Z', '1');
  await using bucket = await bucketWith([old, recent, newest, other]);
  await bucket.begin('20261120T020000Z');
  await bucket.put('by-hand/base.tar.gz', bucket.base);
  await bucket.put(`${old.id}/notes.txt`, Buffer.from('of somebody else'));
  const events = await removeBehind(bucket, new Date(Date.now() + 25 * 3_600_000));
  expect(events.map((event) => (event.type === 'removed' ? [event.id, event.reason] : event.type))).toEqual([
    'notice',
    [old.id, 'retention'],
    ['20261120T020000Z', 'unfinished'],
  ]);
  const left = new Set((await bucket.keys()).map((key) => key.split('/')[0]));
  expect([...left].sort()).toEqual([other.id, old.id, recent.id, newest.id, 'by-hand'].sort());
  expect((await bucket.keys()).filter((key) => key.startsWith(old.id))).toEqual([`${old.id}/notes.txt`]);
});

test('one that was begun within the last day is left alone', async () => {
  await using bucket = await bucketWith([newest]);
  await bucket.begin('20261128T030000Z');
  expect(await removeBehind(bucket, new Date())).toEqual([]);
  expect(await bucket.keys()).toHaveLength(5);
});

test.each([1, 2])(
  'after a removal that broke off behind %i objects no restore takes the backup',
  async (count) => {
    await using bucket = await bucketWith([old, newest]);
    let removed = 0;
    const breaking: ObjectWriter = {
      ...bucket.writer,
      async remove(key, at) {
        if (removed === count) throw new OdoError('STORAGE_UNAVAILABLE', 'The store is away.');
        removed += 1;
        await bucket.writer.remove(key, at);
      },
    };
    const [, one] = (await listOwnBackups(bucket.storage, 'main/', signal)).toReversed();
    if (one === undefined) return expect.fail();
    await expect(removeOwnBackup(breaking, one, signal)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    const listed = await pgBasebackup.list(bucket.storage, 'main/', signal);
    const complete = listed.filter(({ status }) => status === 'complete').map(({ id }) => id);
    expect(complete).toEqual([newest.id]);
    for (const { problem } of listed.filter(({ id }) => id === old.id))
      expect(problem).toContain('It has no odo-backup.json');
  },
);

test('a backup without its document is incomplete, and one with it tells its version and labels', async () => {
  await using bucket = await bucketWith([{ ...newest, labels: { release: '2.4', by: 'ci' } }]);
  await bucket.begin('20261128T030000Z');
  const listed = await pgBasebackup.list(bucket.storage, 'main/', signal);
  expect(listed).toMatchObject([
    {
      ...{ id: newest.id, status: 'complete', name: 'release=2.4, by=ci', serverVersion: 170006 },
      finishedAt: newest.finishedAt,
    },
    { id: '20261128T030000Z', status: 'incomplete' },
  ]);
});
