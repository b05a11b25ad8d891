import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { toErrorData } from '../../../src/errors/serialize.ts';
import { freshBlock } from '../../../src/storage/block-pool.ts';
import { readRange } from '../../../src/storage/range-reader.ts';
import { RelayMemory } from '../../../src/storage/relay-memory.ts';

const signal = new AbortController().signal;

function reading(relay: RelayMemory, options: { signal?: AbortSignal; stallMs?: number } = {}) {
  const pieces: Buffer[] = [];
  const range = { from: 1000, to: 1000 + relay.bytes.length };
  const done = readRange(
    { kind: 'relayed', memory: relay.memory, range, key: 'base.tar' },
    {
      signal: options.signal ?? signal,
      stallMs: options.stallMs ?? 30_000,
      onBytes: (bytes) => pieces.push(Buffer.from(bytes)),
      allocate: freshBlock,
    },
  );
  return { done, bytes: () => Buffer.concat(pieces) };
}

it('brings what is written piece by piece, from before and after it is read', async () => {
  const content = randomBytes(300_000);
  const relay = RelayMemory.forBytes(content.length);
  relay.bytes.set(content.subarray(0, 1000));
  relay.advance(1000);
  const { done, bytes } = reading(relay);
  for (const to of [150_000, 300_000]) {
    await setImmediate();
    relay.bytes.set(content.subarray(0, to));
    relay.advance(to);
  }
  relay.end(null);
  await done;
  expect(bytes().equals(content)).toBe(true);
  expect(relay.isUnwanted).toBe(true);
});

it('ends with the error of the thread that reads', async () => {
  const relay = RelayMemory.forBytes(10);
  const { done } = reading(relay);
  const error = new OdoError('OBJECT_CHANGED', 'It changed.', { hint: 'Start anew.', details: { key: 'x' } });
  relay.end(toErrorData(error));
  await expect(done).rejects.toMatchObject({
    code: 'OBJECT_CHANGED',
    message: 'It changed.',
    hint: 'Start anew.',
    details: { key: 'x' },
  });
});

it('keeps the sentence of an error that is too long to pass', async () => {
  const relay = RelayMemory.forBytes(10);
  relay.end(toErrorData(new OdoError('ACCESS_DENIED', 'No.', { hint: 'x'.repeat(20_000) })));
  await expect(reading(relay).done).rejects.toMatchObject({ code: 'ACCESS_DENIED', message: 'No.' });
});

it('gives up when nothing comes, and tells the thread that reads', async () => {
  const relay = RelayMemory.forBytes(10);
  await expect(reading(relay, { stallMs: 10 }).done).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expect(relay.isUnwanted).toBe(true);
});

it('stops with the reason of the abort', async () => {
  const relay = RelayMemory.forBytes(10);
  const stop = new AbortController();
  const { done } = reading(relay, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(done).rejects.toThrow('enough');
});

it('is woken by another thread', async () => {
  const relay = RelayMemory.forBytes(4);
  const { done, bytes } = reading(relay);
  const url = new URL('../../../src/storage/relay-memory.ts', import.meta.url).href;
  const worker = new Worker(
    `import(${JSON.stringify(url)}).then(({ RelayMemory }) => {
      const relay = new RelayMemory(require('node:worker_threads').workerData);
      relay.bytes.set([1, 2, 3, 4]);
      relay.advance(4);
      relay.end(null);
    });`,
    { eval: true, workerData: relay.memory },
  );
  await done;
  await worker.terminate();
  expect([...bytes()]).toEqual([1, 2, 3, 4]);
});
