import { expect, test } from 'vitest';
import { limitedStorage } from '../../../../src/run/limits/limited-storage.ts';
import { RateLimiter } from '../../../../src/run/limits/rate-limit.ts';
import { openPorts } from '../../../../src/run/open-ports.ts';
import type { ObjectStorage } from '../../../../src/storage/object-storage.ts';
import { plainRequest } from '../../../support/facts.ts';

const MiB = 1024 ** 2;
const object = { key: 'base.tar', etag: 'e' };

/** A store that records what it is asked for, and a limiter whose clock the waits move. */
function limited() {
  const asked: string[] = [];
  let nowMs = 0;
  const clock = {
    nowMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
  const store: Partial<ObjectStorage> = {
    description: 'a store',
    async locate({ key, etag }, range) {
      asked.push(`${key} ${range.from}-${range.to} at ${nowMs}`);
      return { kind: 'file', path: '/nowhere', key, etag, range };
    },
    readSmall: async () => new Uint8Array(MiB),
    stat: async () => null,
  };
  return {
    storage: limitedStorage(store as ObjectStorage, new RateLimiter(MiB, clock)),
    asked,
    nowMs: () => nowMs,
  };
}

async function read(storage: ObjectStorage, from: number, to: number, signal = new AbortController().signal) {
  const { range } = await storage.locate(object, { from, to }, signal);
  return range.to - range.from;
}

test('a limited store asks for a range only when its bytes may be read', async () => {
  const { storage, asked } = limited();
  const range = MiB / 4;
  expect(await read(storage, 0, range)).toBe(range);
  expect(await read(storage, range, 3 * range)).toBe(2 * range);
  expect(await read(storage, 3 * range, 4 * range)).toBe(range);
  // The second borrows a range, which the third waits for as well.
  expect(asked).toEqual([
    `base.tar 0-${range} at 0`,
    `base.tar ${range}-${3 * range} at 250`,
    `base.tar ${3 * range}-${4 * range} at 750`,
  ]);
});

test('a limited store counts small objects, and answers everything else as it is', async () => {
  const { storage, nowMs } = limited();
  const { signal } = new AbortController();
  expect(await storage.readSmall('backup.info', signal)).toHaveLength(MiB);
  expect(nowMs()).toBe(0);
  await read(storage, 0, MiB / 4);
  expect(nowMs()).toBe(1000);
  expect(await storage.stat('x', signal)).toBeNull();
  expect(storage.description).toBe('a store');
});

test('a limited store does not ask for a range whose reader gave up', async () => {
  const { storage, asked } = limited();
  const reason = new Error('stop');
  await expect(read(storage, 0, 1, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(asked).toEqual([]);
});

const portsWith = (maxRateBytesPerSecond: number | null, walUrl: string | null = null) => {
  const source = { url: 'file:///nowhere', endpoint: null, region: null };
  const request = { ...plainRequest, source, walUrl, maxRateBytesPerSecond };
  return openPorts({ runId: 'r', request, credentials: null, journalFile: ':memory:' });
};

test('the ports of a run say how much to read at once', async () => {
  expect((await portsWith(null).source()).rangeBytes).toBe(8 * MiB);
  expect((await portsWith(MiB).source()).rangeBytes).toBe(MiB / 4);
  expect((await portsWith(1024 * MiB).source()).rangeBytes).toBe(8 * MiB);
  expect(portsWith(null).cores()).toBeGreaterThanOrEqual(1);
});

test('the ports of a run limit its source when a rate was asked for', async () => {
  const { storage } = await portsWith(64 * 1024).source();
  await read(storage, 0, 1024 * MiB);
  const stop = new AbortController();
  const waiting = read(storage, 0, 1, stop.signal);
  // A source without a limit does not wait.
  await read((await portsWith(null).source()).storage, 0, 1024 * MiB);
  await read((await portsWith(null).source()).storage, 0, 1);
  const reason = new Error('stop');
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

test('the ports of a run open an archive of WAL only where one is named, and both share the rate', async () => {
  expect(await portsWith(null).walSource()).toBeNull();
  const ports = portsWith(64 * 1024, 'file:///elsewhere');
  const wal = await ports.walSource();
  expect(wal?.storage.description).toBe('file:///elsewhere');
  expect((await ports.source()).storage.description).toBe('file:///nowhere');
  await read((await ports.source()).storage, 0, 1024 * MiB);
  const stop = new AbortController();
  const waiting = wal === null ? null : read(wal.storage, 0, 1, stop.signal);
  const reason = new Error('stop');
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
