import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { DecodedStream } from '../../../src/archive/decode/decoded-stream.ts';
import { DecoderPool } from '../../../src/archive/decode/decoder-pool.ts';
import type { DecodeJob } from '../../../src/archive/decode/messages.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { mixedData } from './gzip-samples.ts';
import { storedObject } from './restore-samples.ts';

const signal = new AbortController().signal;
const limits = {
  threads: 1,
  readAheadBytes: 256 * 1024,
  rangeBytes: 64 * 1024,
  outputSlots: 3,
  slotBytes: 40_000,
};
const pool = new DecoderPool(limits);
afterAll(() => pool.close());

const data = mixedData(7, 900_000);
const gzip = gzipSync(data);

function jobFor(content: Uint8Array, changes: Partial<DecodeJob> = {}) {
  const { locate, ...object } = storedObject(content);
  const job: DecodeJob = {
    object,
    codec: 'gzip',
    from: null,
    until: null,
    stateEvery: { bytes: 100_000, ms: 1e9 },
    checksums: 'receiver',
    blockThreads: 1,
    outputSlots: limits.outputSlots,
    slotBytes: limits.slotBytes,
    reading: limits,
    ...changes,
  };
  return { job, source: { locate: async (range: { from: number; to: number }) => locate(range) } };
}

async function outputOf(stream: DecodedStream): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const slice of stream.slices()) pieces.push(Buffer.from(slice.bytes));
  return Buffer.concat(pieces);
}

describe('a decoder thread', () => {
  it.each(['receiver', 'decoder'] as const)(
    'hands out slices in order, summed up by the %s',
    async (checksums) => {
      const { job, source } = jobFor(gzip, { checksums });
      const stream = new DecodedStream(pool, job, source, signal);
      expect((await outputOf(stream)).equals(data)).toBe(true);
    },
  );

  it('goes on from a state that a slice carried, up to where it is told', async () => {
    const { job, source } = jobFor(gzip);
    const states = [];
    for await (const { state } of new DecodedStream(pool, job, source, signal).slices())
      if (state !== null) states.push(structuredClone(state));
    expect(states.length).toBeGreaterThan(4);
    const from = states[1] ?? expect.fail();
    const end = states[3] ?? expect.fail();
    for (const checksums of ['receiver', 'decoder'] as const) {
      const until = { outputBytes: end.outputBytes, compressedBytes: gzip.length };
      const part = new DecodedStream(pool, { ...job, from, until, checksums }, source, signal);
      expect((await outputOf(part)).equals(data.subarray(from.outputBytes, end.outputBytes))).toBe(true);
      expect(part.crc).toBe(end.codec === 'gzip' ? end.crc : null);
    }
  });

  it.each(['receiver', 'decoder'] as const)(
    'finds a wrong checksum, summed up by the %s',
    async (checksums) => {
      const members = [data.subarray(0, 200_000), data.subarray(200_000, 300_000), data.subarray(300_000)];
      const parts = members.map((member) => gzipSync(member));
      const good = jobFor(Buffer.concat(parts), { checksums });
      expect((await outputOf(new DecodedStream(pool, good.job, good.source, signal))).equals(data)).toBe(
        true,
      );
      for (const at of parts.keys()) {
        const damaged = parts.map((part) => Buffer.from(part));
        const part = damaged[at] ?? expect.fail();
        part[part.length - 8] = (part[part.length - 8] ?? 0) ^ 1;
        const bad = jobFor(Buffer.concat(damaged), { checksums });
        await expect(outputOf(new DecodedStream(pool, bad.job, bad.source, signal))).rejects.toMatchObject({
          code: 'ARCHIVE_CORRUPT',
          message: expect.stringContaining('CRC-32'),
        });
      }
    },
  );

  it('is free for the next job after an error, an abort, and a consumer that wants no more', async () => {
    const { job, source } = jobFor(gzip);
    const refused = {
      locate: async () => {
        throw new OdoError('ACCESS_DENIED', 'No.');
      },
    };
    await expect(outputOf(new DecodedStream(pool, job, refused, signal))).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
    });
    const stop = new AbortController();
    const reason = new Error('stopped');
    const stopped = async () => {
      for await (const _slice of new DecodedStream(pool, job, source, stop.signal).slices())
        stop.abort(reason);
    };
    await expect(stopped()).rejects.toBe(reason);
    for await (const _slice of new DecodedStream(pool, job, source, signal).slices()) break;
    expect((await outputOf(new DecodedStream(pool, job, source, signal))).equals(data)).toBe(true);
  });

  it('ends at an abort while it waits for the store', async () => {
    const { job } = jobFor(gzip);
    const stop = new AbortController();
    const reason = new Error('stopped');
    const silent = {
      locate: () => {
        setImmediate(() => stop.abort(reason));
        return new Promise<never>(() => {});
      },
    };
    await expect(outputOf(new DecodedStream(pool, job, silent, stop.signal))).rejects.toBe(reason);
  });

  it('takes one job at a time, in order, and lets who waits give up', async () => {
    const thread = await pool.acquire(signal);
    const order: string[] = [];
    const stop = new AbortController();
    const reason = new Error('no longer');
    const waiting = ['first', 'second'].map(async (name) => {
      const mine = await pool.acquire(signal);
      order.push(name);
      await pool.release(mine);
    });
    const givingUp = pool.acquire(stop.signal);
    stop.abort(reason);
    await expect(givingUp).rejects.toBe(reason);
    await expect(pool.acquire(stop.signal)).rejects.toBe(reason);
    expect(order).toEqual([]);
    await pool.release(thread);
    await Promise.all(waiting);
    expect(order).toEqual(['first', 'second']);
  });
});
