import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ObjectStorage, StoredObject } from '../../src/storage/object-storage.ts';
import { all } from '../support/all.ts';
import { readOnce } from '../support/read-range.ts';

/** A store with a way to put things into it. */
export interface StorageFixture extends AsyncDisposable {
  readonly storage: ObjectStorage;
  /** The same adapter on a bucket or directory that does not exist. */
  readonly missing: ObjectStorage;
  put(key: string, content: Uint8Array): Promise<void>;
}

const signal = new AbortController().signal;

async function keys(source: AsyncIterable<StoredObject>): Promise<string[]> {
  const found: string[] = [];
  for await (const object of source) found.push(object.key);
  return found;
}

/** What every adapter of the `ObjectStorage` port must do. */
export function describeObjectStorage(name: string, open: () => Promise<StorageFixture>): void {
  describe(`${name} as object storage`, () => {
    it('lists every object below a prefix in key order with size, ETag and time', async () => {
      await using fixture = await open();
      await fixture.put('a/2.txt', Buffer.from('two'));
      await fixture.put('a/1.txt', Buffer.from('one!'));
      await fixture.put('a/b/c.txt', Buffer.from('nested'));
      await fixture.put('ab.txt', Buffer.from('beside'));
      expect(await keys(fixture.storage.list('a/', { signal }))).toEqual(['a/1.txt', 'a/2.txt', 'a/b/c.txt']);
      for await (const object of fixture.storage.list('a/1', { signal })) {
        expect(object.sizeBytes).toBe(4);
        expect(object.etag).not.toBe('');
        expect(object.etag).not.toContain('"');
        expect(Math.abs(Date.parse(object.modifiedAt) - Date.now())).toBeLessThan(600_000);
      }
    });

    it('lists by a prefix that ends inside a name', async () => {
      await using fixture = await open();
      await fixture.put('x/base.tar', Buffer.from('1'));
      await fixture.put('x/base.tar.gz', Buffer.from('1'));
      await fixture.put('x/other', Buffer.from('1'));
      expect(await keys(fixture.storage.list('x/base.tar', { signal }))).toEqual([
        'x/base.tar',
        'x/base.tar.gz',
      ]);
    });

    it('goes on behind the key that startAfter names', async () => {
      await using fixture = await open();
      for (const key of ['w/00/1', 'w/00/2', 'w/01/1', 'w/02/1']) await fixture.put(key, Buffer.from('x'));
      expect(await keys(fixture.storage.list('w/', { signal, startAfter: 'w/00/2' }))).toEqual([
        'w/01/1',
        'w/02/1',
      ]);
    });

    it('lists nothing where nothing lies', async () => {
      await using fixture = await open();
      await fixture.put('a', Buffer.from('x'));
      expect(await keys(fixture.storage.list('nowhere/', { signal }))).toEqual([]);
      expect(await fixture.storage.listFolders('nowhere/', signal)).toEqual([]);
    });

    it('lists more objects than fit on one page', async () => {
      await using fixture = await open();
      const everything = Array.from({ length: 1203 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
      for (const key of everything) await fixture.put(key, Buffer.from('x'));
      expect(await keys(fixture.storage.list('many/', { signal }))).toEqual(everything);
    });

    it('names the folders right under a prefix, also those that hold only folders', async () => {
      await using fixture = await open();
      await fixture.put('p/one/base/deep/file', Buffer.from('x'));
      await fixture.put('p/two/file', Buffer.from('x'));
      await fixture.put('p/file', Buffer.from('x'));
      expect(await fixture.storage.listFolders('p/', signal)).toEqual(['p/one/', 'p/two/']);
      expect(await fixture.storage.listFolders('', signal)).toEqual(['p/']);
    });

    it('tells an object from none', async () => {
      await using fixture = await open();
      await fixture.put('here', Buffer.from('12345'));
      expect(await fixture.storage.stat('here', signal)).toMatchObject({ key: 'here', sizeBytes: 5 });
      expect(await fixture.storage.stat('not/here', signal)).toBeNull();
    });

    it('gives the same ETag in a listing and alone', async () => {
      await using fixture = await open();
      await fixture.put('same', Buffer.from('12345'));
      const [listed] = await all(fixture.storage.list('same', { signal }));
      expect((await fixture.storage.stat('same', signal))?.etag).toBe(listed?.etag);
    });

    it('reads exactly the bytes of a range', async () => {
      await using fixture = await open();
      const content = randomBytes(300_000);
      await fixture.put('bytes', content);
      const object = await fixture.storage.stat('bytes', signal);
      const range = (from: number, to: number) => readOnce(fixture.storage, object!, { from, to }, signal);
      expect((await range(0, 300_000)).equals(content)).toBe(true);
      expect((await range(100_001, 200_003)).equals(content.subarray(100_001, 200_003))).toBe(true);
      expect((await range(0, 1)).equals(content.subarray(0, 1))).toBe(true);
      expect((await range(299_999, 300_000)).equals(content.subarray(299_999))).toBe(true);
      expect((await range(7, 7)).length).toBe(0);
    });

    it('refuses to read an object that was replaced since it was planned', async () => {
      await using fixture = await open();
      await fixture.put('moving', Buffer.from('first version'));
      const object = await fixture.storage.stat('moving', signal);
      await fixture.put('moving', Buffer.from('second one, longer'));
      await expect(readOnce(fixture.storage, object!, { from: 0, to: 5 }, signal)).rejects.toMatchObject({
        code: 'OBJECT_CHANGED',
      });
    });

    it.each([
      'a b/base.tar',
      'a+b=c&d/base.tar',
      '100%/%41.tar',
      'größe/база/基.tar',
      "quotes'(1)!*~@,;:$/base.tar",
    ])('reads a range of %j', async (key) => {
      await using fixture = await open();
      await fixture.put(key, Buffer.from('0123456789'));
      const object = await fixture.storage.stat(key, signal);
      expect((await readOnce(fixture.storage, object!, { from: 3, to: 7 }, signal)).toString()).toBe('3456');
    });

    it('says which object is missing when a range of it is read', async () => {
      await using fixture = await open();
      await fixture.put('a', Buffer.from('x'));
      await expect(
        readOnce(fixture.storage, { key: 'gone/base.tar', etag: 'e' }, { from: 0, to: 5 }, signal),
      ).rejects.toMatchObject({
        code: 'OBJECT_NOT_FOUND',
        message: expect.stringContaining('gone/base.tar'),
        hint: expect.any(String),
      });
    });

    it('reads a small object whole', async () => {
      await using fixture = await open();
      await fixture.put('label', Buffer.from('START WAL LOCATION'));
      expect(Buffer.from(await fixture.storage.readSmall('label', signal)).toString()).toBe(
        'START WAL LOCATION',
      );
    });

    it('says which object is missing', async () => {
      await using fixture = await open();
      await fixture.put('a', Buffer.from('x'));
      await expect(fixture.storage.readSmall('gone/label', signal)).rejects.toMatchObject({
        code: 'OBJECT_NOT_FOUND',
        message: expect.stringContaining('gone/label'),
        hint: expect.any(String),
      });
    });

    it('says that the bucket or directory itself is missing', async () => {
      await using fixture = await open();
      const code = { code: 'BUCKET_NOT_FOUND' };
      await expect(keys(fixture.missing.list('', { signal }))).rejects.toMatchObject(code);
      await expect(fixture.missing.listFolders('', signal)).rejects.toMatchObject(code);
      await expect(fixture.missing.stat('key', signal)).rejects.toMatchObject(code);
    });

    it('stops with the reason of the abort', async () => {
      await using fixture = await open();
      await fixture.put('a', randomBytes(200_000));
      const object = await fixture.storage.stat('a', signal);
      const reason = new Error('interrupted by the operator');
      const aborted = AbortSignal.abort(reason);
      await expect(keys(fixture.storage.list('', { signal: aborted }))).rejects.toBe(reason);
      await expect(fixture.storage.readSmall('a', aborted)).rejects.toBe(reason);
      await expect(readOnce(fixture.storage, object!, { from: 0, to: 10 }, aborted)).rejects.toBe(reason);
    });
  });
}
