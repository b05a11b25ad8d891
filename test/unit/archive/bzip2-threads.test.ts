import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildBzip2 } from '../../../src/archive/bzip2/build.ts';
import { openParallelBzip2Decoder } from '../../../src/archive/bzip2/parallel-decoder.ts';
import type { Bzip2State } from '../../../src/archive/bzip2/stream-reader.ts';
import { DecodedStream } from '../../../src/archive/decode/decoded-stream.ts';
import { DecoderPool } from '../../../src/archive/decode/decoder-pool.ts';
import type { DecodeJob } from '../../../src/archive/decode/messages.ts';
import { blockMark, crafted, endMark, streams } from './bzip2-samples.ts';
import { decodeObject, pageData, sample } from './codec-samples.ts';
import { piecesOf } from './gzip-samples.ts';
import { storedObject } from './restore-samples.ts';

beforeAll(async () => {
  await buildBzip2();
}, 60_000);

const signal = new AbortController().signal;

interface Taken {
  readonly output: Buffer;
  readonly states: readonly { state: Bzip2State; seenAt: number }[];
}

async function decodeOn(
  threads: number,
  stored: Uint8Array,
  { size = 65_536, state }: { size?: number; state?: Bzip2State } = {},
): Promise<Taken> {
  const decoder = await openParallelBzip2Decoder(threads, state);
  const output: Buffer[] = [];
  const held: { slice: Uint8Array; copy: Buffer }[] = [];
  const states: { state: Bzip2State; seenAt: number }[] = [];
  const take = (slice: Uint8Array) => {
    output.push(Buffer.from(slice));
    held.push({ slice, copy: Buffer.from(slice) });
    if (held.length > 3) held.shift();
    for (const one of held) if (!one.copy.equals(one.slice)) throw new Error('a slice was written over');
    states.push({ state: decoder.snapshot(), seenAt: decoder.outputBytes });
  };
  try {
    for (const piece of piecesOf(stored.subarray(state?.compressedBytes ?? 0), () => size)) {
      const input = Uint8Array.from(piece);
      for await (const slice of decoder.push(input)) take(slice);
      input.fill(0xee);
    }
    for await (const slice of decoder.rest()) take(slice);
    decoder.finish();
  } finally {
    decoder.release();
  }
  return { output: Buffer.concat(output), states };
}

const blocks = pageData(1, 560_000);
/** Blocks of one piece of output and blocks of 43, side by side. */
const mixed = Buffer.concat([
  sample('blocks.bz2'),
  sample('zeros.bz2'),
  sample('streams.bz2'),
  sample('zeros.bz2'),
  sample('empty.bz2'),
  sample('blocks.bz2'),
]);
const mixedBytes = Buffer.concat([blocks, Buffer.alloc(45e6), streams, Buffer.alloc(45e6), blocks]);

describe('bzip2 on several threads', () => {
  it.each([1, 2, 5])('gives the same bytes in order, on %d', async (threads) => {
    for (const size of threads === 2 ? [997] : [1_000_000]) {
      const { output } = await decodeOn(threads, mixed, { size });
      expect(output.equals(mixedBytes)).toBe(true);
    }
  });

  it('is not misled by data that looks like a mark', async () => {
    const { stored, bytes } = crafted((random) => [
      { symbols: [...random, ...blockMark, 7, ...endMark, 9, ...blockMark, ...random] },
      { symbols: random },
    ]);
    const object = Buffer.concat([stored, sample('zeros.bz2'), stored, stored]);
    const expected = Buffer.concat([bytes, Buffer.alloc(45e6), bytes, bytes]);
    for (const [threads, size] of [
      [1, 5],
      [2, 64],
      [4, 100_000],
    ] as const) {
      const { output } = await decodeOn(threads, object, { size });
      expect(output.equals(expected), `${threads} threads`).toBe(true);
    }
  });

  it('goes on from every state, in one thread or in many', async () => {
    const { states } = await decodeOn(3, mixed);
    const different = new Map(states.map((one) => [one.state.compressedBytes, one]));
    expect(different.size).toBeGreaterThan(10);
    for (const { state, seenAt } of [...different.values()].filter((_, i) => i % 5 === 0)) {
      expect(state.outputBytes).toBeLessThanOrEqual(seenAt);
      const rest = mixedBytes.subarray(state.outputBytes);
      expect((await decodeOn(2, mixed, { state })).output.equals(rest)).toBe(true);
      expect((await decodeObject('bzip2', mixed, { state })).equals(rest)).toBe(true);
    }
  });

  it('says of damage what one thread says', async () => {
    const whole = Buffer.concat([sample('streams.bz2'), sample('blocks.bz2')]);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), fc.boolean(), async (at, bit, isCut) => {
        const damaged = Buffer.from(isCut ? whole.subarray(0, at) : whole);
        if (!isCut) damaged[at]! ^= 1 << bit;
        const one = await decodeObject('bzip2', damaged).catch((error: Error) => error.message);
        const several = await decodeOn(3, damaged).then(
          ({ output }) => output,
          (error: Error) => error.message,
        );
        expect(several).toEqual(one);
      }),
      { numRuns: 8 },
    );
  });
});

describe('a decoder thread that has further ones for blocks', () => {
  const pool = new DecoderPool({
    threads: 3,
    readAheadBytes: 256 * 1024,
    rangeBytes: 64 * 1024,
    outputSlots: 3,
    slotBytes: 1024 * 1024,
  });
  afterAll(() => pool.close());

  const { locate, ...object } = storedObject(mixed);
  async function outputOf(changes: Partial<DecodeJob> = {}) {
    const job: DecodeJob = {
      object,
      codec: 'bzip2',
      from: null,
      until: null,
      stateEvery: { bytes: 1, ms: 1e9 },
      checksums: 'receiver',
      blockThreads: 3,
      outputSlots: 3,
      slotBytes: pool.limits.slotBytes,
      reading: pool.limits,
      ...changes,
    };
    const stream = new DecodedStream(pool, job, { locate: async (range) => locate(range) }, signal);
    const output: Buffer[] = [];
    const states = [];
    for await (const { bytes, state } of stream.slices()) {
      output.push(Buffer.from(bytes));
      if (state !== null) states.push(structuredClone(state));
    }
    return { output: Buffer.concat(output), states };
  }

  it('hands out all of an object, and a part of it between two states', async () => {
    const { output, states } = await outputOf();
    expect(output.equals(mixedBytes)).toBe(true);
    const from = states.at(Math.floor(states.length / 3)) ?? expect.fail();
    const end = states.at(-3) ?? expect.fail();
    const until = { outputBytes: end.outputBytes, compressedBytes: end.compressedBytes };
    const part = await outputOf({ from, until });
    expect(part.output.equals(mixedBytes.subarray(from.outputBytes, end.outputBytes))).toBe(true);
  });

  it('gives back what it borrowed', async () => {
    await Promise.all([outputOf(), outputOf(), outputOf()]);
    expect(pool.lendBlockThreads(9)).toBe(3);
    expect(pool.lendBlockThreads(9)).toBe(1);
    pool.returnBlockThreads(4);
  });
});
