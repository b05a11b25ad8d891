import { beforeAll, describe, expect, it } from 'vitest';
import { buildBzip2 } from '../../../src/archive/bzip2/build.ts';
import { openDecoder } from '../../../src/archive/open-decoder.ts';
import { blockMark, crafted, endMark, streams } from './bzip2-samples.ts';
import { decodeObject, noise, pageData, sample, statesOf, verdict } from './codec-samples.ts';
import { numbersFrom } from './gzip-samples.ts';

beforeAll(async () => {
  await buildBzip2();
}, 60_000);

describe('bzip2 decoder', () => {
  it('decodes several blocks, whatever pieces they come in', async () => {
    const expected = pageData(1, 560_000);
    for (const size of [1, 7, 1000, 40_000, 10_000_000]) {
      const output = await decodeObject('bzip2', sample('blocks.bz2'), { size: () => size });
      expect(output.equals(expected), `pieces of ${size}`).toBe(true);
    }
  });

  it('decodes streams of every level one after another, also empty ones', async () => {
    expect((await decodeObject('bzip2', sample('streams.bz2'))).equals(streams)).toBe(true);
    expect(await decodeObject('bzip2', sample('empty.bz2'))).toHaveLength(0);
  });

  it('hands out a block that expands to 45 MB in pieces', async () => {
    const decoder = await openDecoder('bzip2');
    let bytes = 0;
    for (const step of [() => decoder.push(sample('zeros.bz2')), () => decoder.rest()]) {
      for await (const slice of step()) {
        expect(slice.length).toBeLessThanOrEqual(1024 * 1024);
        expect(Buffer.from(slice).equals(Buffer.alloc(slice.length))).toBe(true);
        bytes += slice.length;
      }
    }
    decoder.finish();
    decoder.release();
    expect(bytes).toBe(45_000_000);
  });

  it('is not misled by data that looks like a mark', async () => {
    for (const mark of [blockMark, endMark]) {
      const { stored, bytes } = crafted((random) => [
        { symbols: [...random, ...mark, 7, ...mark, ...random] },
        { symbols: random },
      ]);
      for (const size of [1, 13, 10_000]) {
        const output = await decodeObject('bzip2', stored, { size: () => size });
        expect(output.equals(bytes)).toBe(true);
      }
    }
  });

  it('refuses randomised blocks by name', async () => {
    const { stored } = crafted((symbols) => [{ symbols, isRandomised: true }]);
    await expect(decodeObject('bzip2', stored)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('randomised'),
    });
  });
});

describe('bzip2 decoder state', () => {
  it.each([
    ['blocks.bz2', pageData(1, 560_000), 4],
    ['streams.bz2', streams, 11],
    ['zeros.bz2', Buffer.alloc(45_000_000), 2],
  ] as const)('continues %s byte for byte', async (name, expected, fewest) => {
    const stored = sample(name);
    const states = await statesOf('bzip2', stored, () => 1000);
    expect(states.length).toBeGreaterThanOrEqual(fewest);
    for (const { state, seenAt } of states) {
      expect(state.outputBytes).toBeLessThanOrEqual(seenAt);
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      const rest = await decodeObject('bzip2', stored, { state, size: () => 3001 });
      expect(rest.equals(expected.subarray(state.outputBytes)), JSON.stringify(state)).toBe(true);
    }
  });

  it('needs nothing behind the place where the next one begins', async () => {
    const stored = sample('blocks.bz2');
    for (const { state } of await statesOf('bzip2', stored)) {
      const decoder = await openDecoder('bzip2');
      let bytes = 0;
      const until = stored.subarray(0, state.compressedBytes);
      for (const step of [() => decoder.push(until), () => decoder.rest()])
        for await (const slice of step()) bytes += slice.length;
      decoder.release();
      expect(bytes).toBe(state.outputBytes);
    }
  });

  it('still notices a wrong checksum of the stream', async () => {
    const stored = sample('blocks.bz2');
    const states = await statesOf('bzip2', stored);
    stored[stored.length - 3] = (stored[stored.length - 3] ?? 0) ^ 1;
    for (const { state } of states.slice(0, -1)) {
      await expect(decodeObject('bzip2', stored, { state })).rejects.toMatchObject({
        message: expect.stringContaining('of the stream'),
      });
    }
  });
});

describe('damaged bzip2 data', () => {
  it('is never taken for something else, whatever byte is wrong', async () => {
    const whole = sample('streams.bz2');
    let refused = 0;
    for (let seed = 1; seed <= 500; seed++) {
      const below = numbersFrom(seed * 104_729);
      const damaged = Buffer.from(whole);
      for (let flips = 1 + below(3); flips > 0; flips--) {
        const at = below(2) === 0 ? below(120) : below(whole.length);
        damaged[at] = below(2) === 0 ? below(256) : (damaged[at] ?? 0) ^ (1 << below(8));
      }
      const found = await verdict('bzip2', damaged, { size: () => 1 + below(3000) });
      if (typeof found === 'string') refused++;
      if (typeof found === 'string') expect(found, `seed ${seed}`).toBe('ARCHIVE_CORRUPT');
      else expect(found.equals(streams), `seed ${seed}`).toBe(true);
    }
    expect(refused).toBeGreaterThan(400);
  });

  it('never hangs or traps on noise behind a block mark', async () => {
    for (let seed = 1; seed <= 500; seed++) {
      const below = numbersFrom(seed * 31);
      const noise = Buffer.from(Array.from({ length: 1 + below(600) }, () => below(256)));
      const stored = Buffer.concat([
        Buffer.from('BZh9'),
        Buffer.from(blockMark),
        // Half of them with a beginning that is plausible: neither randomised nor with a large origin.
        below(2) === 0 ? Buffer.from([1, 2, 3, 4, 0, 0, 0, 0x7f]) : Buffer.alloc(0),
        noise,
        Buffer.from(endMark),
        Buffer.alloc(4),
      ]);
      expect(await verdict('bzip2', stored, { size: () => 1 + below(500) })).toBe('ARCHIVE_CORRUPT');
    }
  });

  it('is an error wherever the data is cut', async () => {
    const whole = sample('streams.bz2').subarray(0, 1600);
    const ends: number[] = [];
    for (let length = 0; length < whole.length; length++) {
      const found = await verdict('bzip2', whole.subarray(0, length));
      if (typeof found !== 'string') ends.push(length);
      else expect(found).toBe('ARCHIVE_CORRUPT');
    }
    // only between streams: there it is complete by itself
    for (const end of ends) expect(whole.subarray(end, end + 3).toString()).toBe('BZh');
    expect(ends.length).toBeGreaterThan(1);
  });

  it('says at which compressed byte', async () => {
    const whole = sample('blocks.bz2');
    const cut = whole.subarray(0, whole.length >> 1);
    await expect(decodeObject('bzip2', cut)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(
        `ends too early: inside the compressed data of a block, at byte ${cut.length}`,
      ),
      details: { compressedOffset: cut.length },
    });
    const longer = Buffer.concat([whole, Buffer.from('<html>not found</html>')]);
    await expect(decodeObject('bzip2', longer)).rejects.toMatchObject({
      message: expect.stringContaining('after the end of stream 1'),
      details: { compressedOffset: whole.length },
    });
    const { stored } = crafted((symbols) => [{ symbols }, { symbols, crc: 4711 }]);
    await expect(decodeObject('bzip2', stored)).rejects.toMatchObject({
      message: expect.stringContaining('incorrect data check (CRC-32) of a block'),
      details: { compressedOffset: expect.toSatisfy((offset: number) => offset > 100) },
    });
  });

  it('is a block that no mark ends, or one too late', async () => {
    const stored = sample('blocks.bz2');
    const { state } = (await statesOf('bzip2', stored))[1] ?? expect.fail();
    const begin = stored.subarray(0, state.compressedBytes + 500);
    for (const behind of [2_500_000, 2_700_000]) {
      const longer = Buffer.concat([begin, noise(3, behind), Buffer.from(blockMark), noise(4, 300_000)]);
      await expect(decodeObject('bzip2', longer, { size: () => 450_000 })).rejects.toMatchObject({
        code: 'ARCHIVE_CORRUPT',
        ...(behind > 2_600_000 ? { message: expect.stringContaining('longer than any can be') } : {}),
      });
    }
  });

  it('is a block that is longer than the level of its stream allows', async () => {
    const stored = sample('zeros.bz2');
    stored[3] = '1'.charCodeAt(0);
    await expect(decodeObject('bzip2', stored)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('level 1'),
    });
  });
});
