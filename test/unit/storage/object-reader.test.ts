import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readObject } from '../../../src/storage/object-reader.ts';
import type { ObjectStorage, StoredObject } from '../../../src/storage/object-storage.ts';
import type { RangeRetry, ReadObjectOptions } from '../../../src/storage/read-options.ts';
import { openS3Storage } from '../../../src/storage/s3.ts';
import { all } from '../../support/all.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { startS3Server, type TestS3Server } from '../../support/s3-server.ts';

const signal = new AbortController().signal;
const content = randomBytes(1_000_000);
let server: TestS3Server;
let proxy: FaultProxy;
let storage: ObjectStorage;
let object: StoredObject;

beforeEach(async () => {
  server = await startS3Server();
  proxy = await startFaultProxy(server.endpoint);
  await mkdir(join(server.directory, 'backups'), { recursive: true });
  await writeFile(join(server.directory, 'backups', 'base.tar._S3rver_object'), content);
  storage = openS3Storage({
    bucket: 'backups',
    endpoint: proxy.endpoint,
    credentials: server.credentials,
    maxAttempts: 1,
  });
  object = (await storage.stat('base.tar', signal))!;
});
afterEach(async () => {
  storage.close();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function read(options: Optional<ReadObjectOptions> = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const settings = { signal, rangeBytes: 128 * 1024, retryDelayMs: 1, ...options } as ReadObjectOptions;
  for await (const chunk of readObject(storage, object, settings)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
type Optional<Options> = { readonly [Name in keyof Options]?: Options[Name] | undefined };
const gets = () => proxy.requests.filter((request) => request.method === 'GET');
const starts = () => gets().map((request) => Number(/bytes=(\d+)/.exec(request.range ?? '')?.[1]));
const ends = () => gets().map((request) => Number(/-(\d+)$/.exec(request.range ?? '')?.[1]) + 1);
const lengths = () => ends().map((end, index) => end - starts()[index]!);
const askedBytes = () => lengths().reduce((sum, length) => sum + length, 0);

describe('reading an object by ranges', () => {
  it('gives every byte once, in order', async () => {
    expect((await read()).equals(content)).toBe(true);
    expect(gets().length).toBe(Math.ceil(content.length / (128 * 1024)));
  });

  it('begins at an offset', async () => {
    expect((await read({ from: 777_777 })).equals(content.subarray(777_777))).toBe(true);
    expect(Math.min(...starts())).toBe(777_777);
  });

  it('gives nothing from the end on', async () => {
    expect((await read({ from: content.length })).length).toBe(0);
    expect(gets().length).toBe(0);
  });

  it.each([
    [0, 1],
    [131_071, 131_073],
    [131_072, 262_144],
    [777_777, 999_999],
    [500_000, 2_000_000],
    [10, 10],
  ])('gives bytes %d to %d', async (from, to) => {
    expect((await read({ from, to })).equals(content.subarray(from, to))).toBe(true);
    expect(Math.max(...ends(), 0)).toBe(from === to ? 0 : Math.min(to, content.length));
  });

  it('asks for no more bytes than memory may hold, also while the consumer rests', async () => {
    const memoryBytes = 300_000;
    const reader = readObject(storage, object, { signal, rangeBytes: 50_000, memoryBytes });
    const first = await reader.next();
    await expect.poll(askedBytes).toBe(memoryBytes);
    // Every range has arrived by now.
    await expect.poll(() => proxy.open).toBe(0);
    expect(askedBytes()).toBe(memoryBytes);
    let consumed = 0;
    for (let piece = first; !piece.done; piece = await reader.next()) {
      expect(askedBytes() - consumed).toBeLessThanOrEqual(memoryBytes);
      consumed += piece.value.length;
    }
    expect(consumed).toBe(content.length);
  });

  it('gives the same bytes when their memory is used again', async () => {
    const large = randomBytes(12_000_000);
    await writeFile(join(server.directory, 'backups', 'large._S3rver_object'), large);
    object = (await storage.stat('large', signal))!;
    let broken = 3;
    proxy.fault = ({ range }) =>
      !range?.startsWith('bytes=0-') && broken-- > 0 ? { kind: 'reset', afterBytes: 700_000 } : null;
    const reading = { reuseMemory: true, rangeBytes: 2_500_000, memoryBytes: 5_000_000 };
    expect((await read(reading)).equals(large)).toBe(true);
    // Not more blocks than the bound on memory, and some that are only partly used.
    const blocks = new Set<ArrayBufferLike>();
    for await (const chunk of readObject(storage, object, { signal, ...reading }))
      if (chunk.buffer.byteLength === 1024 * 1024) blocks.add(chunk.buffer);
    expect(blocks.size).toBeLessThanOrEqual(8);
  });

  it('uses the memory of readers that ended early for the next ones', async () => {
    const large = randomBytes(12_000_000);
    await writeFile(join(server.directory, 'backups', 'large._S3rver_object'), large);
    object = (await storage.stat('large', signal))!;
    const reading = { signal, reuseMemory: true, rangeBytes: 2_500_000, memoryBytes: 5_000_000 };
    const blocks = new Set<ArrayBufferLike>();
    for (let reader = 0; reader < 6; reader++) {
      let at = 0;
      for await (const chunk of readObject(storage, object, reading)) {
        expect(large.subarray(at, at + chunk.length).equals(chunk)).toBe(true);
        at += chunk.length;
        if (chunk.buffer.byteLength === 1024 * 1024) blocks.add(chunk.buffer);
        if (at > 6_000_000 + reader * 100_000) break;
      }
    }
    // No more than one reader has.
    expect(blocks.size).toBeLessThanOrEqual(8);
  });

  it('makes ranges smaller where memory is small', async () => {
    expect((await read({ rangeBytes: undefined, memoryBytes: 100_000 })).equals(content)).toBe(true);
    expect(Math.max(...lengths())).toBe(25_000);
  });

  it('begins with small ranges', async () => {
    const large = randomBytes(8_000_000);
    await writeFile(join(server.directory, 'backups', 'large._S3rver_object'), large);
    object = (await storage.stat('large', signal))!;
    expect((await read({ rangeBytes: undefined })).equals(large)).toBe(true);
    const mib = 1024 * 1024;
    expect(lengths().slice(0, 3)).toEqual([mib, 2 * mib, 4 * mib]);
  });

  it('asks for one range after another where memory holds only one', async () => {
    let most = 0;
    proxy.fault = () => {
      most = Math.max(most, proxy.open);
      return null;
    };
    expect((await read({ rangeBytes: 100_000, memoryBytes: 100_000 })).equals(content)).toBe(true);
    expect(most).toBe(1);
  });

  it('leaves no request behind when the consumer stops early', async () => {
    proxy.fault = ({ range }) => (range?.startsWith('bytes=0-') ? null : { kind: 'stall', afterBytes: 1000 });
    for await (const chunk of readObject(storage, object, { signal, rangeBytes: 100_000 })) {
      expect(chunk.length).toBeGreaterThan(0);
      await expect.poll(() => proxy.open).toBeGreaterThan(0);
      break;
    }
    await expect.poll(() => proxy.open).toBe(0);
    expect(gets().length).toBeLessThanOrEqual(3);
  });

  it('stops although the location of a range never comes', async () => {
    const controller = new AbortController();
    const reason = new Error('interrupted');
    const reader = readObject({ locate: () => new Promise(() => {}) }, object, { signal: controller.signal });
    const next = reader.next();
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
  });

  it('asks for more at a time while the consumer waits', async () => {
    let most = 0;
    proxy.fault = () => {
      most = Math.max(most, proxy.open);
      return null;
    };
    expect((await read({ rangeBytes: 50_000, memoryBytes: 400_000 })).equals(content)).toBe(true);
    expect(most).toBeGreaterThan(2);
    expect(most).toBeLessThanOrEqual(8);
  });

  it('asks for less at a time after a throttling answer', async () => {
    const throttled = Promise.withResolvers<void>();
    const source = {
      locate: async (...[pinned, range, inner]: Parameters<ObjectStorage['locate']>) => {
        // The second range arrives after the first was refused, and before it is asked for again.
        if (range.from === 100_000) await throttled.promise;
        if (range.from === 0 && gets().length > 0) {
          await expect.poll(() => gets().length).toBeGreaterThan(1);
          await expect.poll(() => proxy.open).toBe(0);
          await storage.stat('base.tar', signal);
        }
        return storage.locate(pinned, range, inner);
      },
    };
    proxy.fault = ({ range }) =>
      range?.startsWith('bytes=0-') && gets().length === 1
        ? { kind: 'status', status: 503, code: 'SlowDown' }
        : null;
    const bytes = readObject(source, object, {
      signal,
      rangeBytes: 100_000,
      retryDelayMs: 1,
      onRetry: () => throttled.resolve(),
    });
    expect(Buffer.concat(await all(bytes)).equals(content)).toBe(true);
    expect(starts().slice(0, 4)).toEqual([0, 100_000, 0, 200_000]);
  });

  it('asks for the location of every attempt anew', async () => {
    const asked: number[] = [];
    const source = {
      locate: (...[pinned, range, inner]: Parameters<ObjectStorage['locate']>) => {
        asked.push(range.from);
        return storage.locate(pinned, range, inner);
      },
    };
    let left = 2;
    proxy.fault = ({ method }) =>
      method === 'GET' && left-- > 0 ? { kind: 'status', status: 503, code: 'SlowDown' } : null;
    const bytes = readObject(source, object, { signal, rangeBytes: 1_000_000, retryDelayMs: 1 });
    expect(Buffer.concat(await all(bytes)).equals(content)).toBe(true);
    expect(asked).toEqual([0, 0, 0]);
  });

  it('goes on over other connections when the store closes idle ones', async () => {
    const retries: RangeRetry[] = [];
    await read();
    proxy.fault = ({ onConnection, method }) =>
      method === 'GET' && onConnection > 0 ? { kind: 'hang-up' } : null;
    expect((await read({ onRetry: (retry) => retries.push(retry) })).equals(content)).toBe(true);
    expect(retries).toEqual([]);
  });

  it('goes on at the byte it reached when connections break', async () => {
    const retries: RangeRetry[] = [];
    proxy.fault = ({ range, earlier }) =>
      range?.startsWith('bytes=131072-') && earlier < 20 ? { kind: 'reset', afterBytes: 70_000 } : null;
    expect((await read({ onRetry: (retry) => retries.push(retry) })).equals(content)).toBe(true);
    expect(retries.length).toBeGreaterThan(0);
    expect(retries.every((retry) => retry.from > 131_072 && retry.from < 262_144)).toBe(true);
    expect(starts()).toContain(retries.at(-1)?.from);
  });

  it('survives a store that breaks every connection after a while', async () => {
    proxy.fault = ({ method }) => (method === 'GET' ? { kind: 'reset', afterBytes: 100_000 } : null);
    expect((await read({ retries: 2, rangeBytes: 1_000_000 })).equals(content)).toBe(true);
  });

  it('waits out a store that answers 503 a few times', async () => {
    let left = 4;
    proxy.fault = ({ method }) =>
      method === 'GET' && left-- > 0 ? { kind: 'status', status: 503, code: 'SlowDown' } : null;
    expect((await read()).equals(content)).toBe(true);
  });

  it('gives up an attempt that stalls and takes the rest with another', async () => {
    let stalled = false;
    proxy.fault = ({ range }) => {
      if (stalled || !range?.startsWith('bytes=262144-')) return null;
      stalled = true;
      return { kind: 'stall', afterBytes: 10_000 };
    };
    const retries: RangeRetry[] = [];
    expect((await read({ stallMs: 200, onRetry: (retry) => retries.push(retry) })).equals(content)).toBe(
      true,
    );
    expect(retries.map((retry) => retry.error.message)).toEqual([expect.stringContaining('0.2 s')]);
  });

  it('does not take a slow consumer for a stalled store', async () => {
    const chunks: Uint8Array[] = [];
    const retries: RangeRetry[] = [];
    const reader = readObject(storage, object, {
      signal,
      rangeBytes: 400_000,
      stallMs: 150,
      onRetry: (r) => retries.push(r),
    });
    for await (const chunk of reader) {
      chunks.push(Buffer.from(chunk));
      if (chunks.length === 1) await new Promise((resolve) => setTimeout(resolve, 400));
    }
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(retries).toEqual([]);
  });

  it('takes a body that ends early as a reason to go on, not as the end', async () => {
    proxy.fault = ({ range, earlier }) =>
      range?.startsWith('bytes=0-') && earlier === 0 ? { kind: 'truncate', afterBytes: 1000 } : null;
    expect((await read()).equals(content)).toBe(true);
  });

  it.each([
    ['OBJECT_CHANGED', 412, 'PreconditionFailed'],
    ['ACCESS_DENIED', 403, 'AccessDenied'],
    ['OBJECT_NOT_FOUND', 404, 'NoSuchKey'],
  ])('stops at once with %s', async (expected, status, code) => {
    proxy.fault = ({ range }) =>
      range?.startsWith('bytes=131072-') ? { kind: 'status', status, code } : null;
    await expect(read()).rejects.toMatchObject({ code: expected });
    expect(gets().filter((request) => request.range?.startsWith('bytes=131072-')).length).toBe(1);
  });

  it('stops in the middle when the object is replaced', async () => {
    proxy.fault = ({ range }) =>
      range?.startsWith('bytes=524288-') ? { kind: 'headers', headers: { etag: '"new"' } } : null;
    await expect(read()).rejects.toMatchObject({ code: 'OBJECT_CHANGED' });
  });

  it('gives up with the last error when retries are used up', async () => {
    proxy.fault = ({ method }) =>
      method === 'GET' ? { kind: 'status', status: 503, code: 'SlowDown' } : null;
    await expect(read({ retries: 2, memoryBytes: 128 * 1024 })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    expect(gets().length).toBe(3);
  });

  it('stops with the reason of the abort and asks for nothing more', async () => {
    const reason = new Error('interrupted');
    const controller = new AbortController();
    const reader = readObject(storage, object, {
      signal: controller.signal,
      rangeBytes: 100_000,
      memoryBytes: 200_000,
    });
    await reader.next();
    controller.abort(reason);
    await expect(all(reader)).rejects.toBe(reason);
    expect(gets().length).toBeLessThanOrEqual(3);
  });
});
