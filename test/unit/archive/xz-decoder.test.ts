import { crc32 } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDecoder } from '../../../src/archive/open-decoder.ts';
import { buildXz } from '../../../src/archive/xz/build.ts';
import { decodeObject, noise, pageData, sample, statesOf, verdict } from './codec-samples.ts';
import { numbersFrom } from './gzip-samples.ts';

beforeAll(async () => {
  await buildXz();
}, 60_000);

const streams = Buffer.concat([
  ...[1, 2, 3].map((seed) => pageData(seed, 4000)),
  noise(7, 3000),
  pageData(4, 4000),
]);
const far = Buffer.concat([noise(5, 9000), Buffer.alloc(5_000_000), noise(5, 9000)]);

/** With a CRC-32 that fits what stands before it. */
function withCrc(stored: Buffer, from: number, to: number, at: number): Buffer {
  stored.writeUInt32LE(crc32(stored.subarray(from, to)), at);
  return stored;
}

describe('xz decoder', () => {
  it.each([
    ['blocks.xz', pageData(1, 300_000)],
    ['streams.xz', streams],
    ['zeros.xz', Buffer.alloc(9_000_000)],
    ['far.xz', far],
    ['empty.xz', Buffer.alloc(0)],
  ] as const)('decodes %s, whatever pieces it comes in', async (name, expected) => {
    for (const size of [1, 7, 1000, 40_000, 10_000_000]) {
      const output = await decodeObject('xz', sample(name), { size: () => size });
      expect(output.equals(expected), `pieces of ${size}`).toBe(true);
    }
  });

  it('keeps a slice as it is while two others are made', async () => {
    for (const [name, expected] of [
      ['zeros.xz', Buffer.alloc(9_000_000)],
      ['far.xz', far],
      ['streams.xz', streams],
    ] as const) {
      const decoder = await openDecoder('xz');
      const kept: { slice: Uint8Array; at: number }[] = [];
      let at = 0;
      for await (const slice of decoder.push(sample(name))) {
        kept.push({ slice, at });
        at += slice.length;
        if (kept.length > 3) kept.shift();
        for (const { slice: old, at: start } of kept)
          expect(expected.subarray(start, start + old.length).equals(Buffer.from(old))).toBe(true);
      }
      decoder.release();
      expect(at).toBe(expected.length);
    }
  });

  it('names a filter that it does not undo', async () => {
    await expect(decodeObject('xz', sample('delta.xz'))).rejects.toMatchObject({
      code: 'FORMAT_UNKNOWN',
      message: expect.stringContaining('the filter delta'),
      hint: expect.stringContaining('Compress it anew'),
    });
  });

  it('refuses a dictionary that is too large', async () => {
    await expect(decodeObject('xz', sample('dictionary.xz'))).rejects.toMatchObject({
      code: 'FORMAT_UNKNOWN',
      message: expect.stringContaining('a dictionary of 96 MiB'),
    });
  });

  it('names a check that it does not know', async () => {
    const stored = sample('empty.xz');
    stored[7] = 2;
    await expect(decodeObject('xz', withCrc(stored, 6, 8, 8))).rejects.toMatchObject({
      code: 'FORMAT_UNKNOWN',
      message: expect.stringContaining('check number 2'),
    });
  });
});

describe('xz decoder state', () => {
  it.each([
    ['blocks.xz', pageData(1, 300_000), 4],
    ['streams.xz', streams, 12],
    ['far.xz', far, 2],
  ] as const)('continues %s byte for byte', async (name, expected, fewest) => {
    const stored = sample(name);
    const states = await statesOf('xz', stored, () => 40);
    expect(states.length).toBeGreaterThanOrEqual(fewest);
    for (const { state, seenAt } of states) {
      expect(state.outputBytes).toBeLessThanOrEqual(seenAt);
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      const rest = await decodeObject('xz', stored, { state, size: () => 3001 });
      expect(rest.equals(expected.subarray(state.outputBytes)), JSON.stringify(state)).toBe(true);
    }
  });

  it('is taken right behind the last slice of a block, so that a restore can be cut there', async () => {
    const states = await statesOf('xz', sample('blocks.xz'), () => 30_000);
    expect(states.filter(({ state, seenAt }) => state.outputBytes === seenAt).length).toBe(states.length);
  });

  it('needs nothing behind the place where the next one begins', async () => {
    const stored = sample('blocks.xz');
    for (const { state } of await statesOf('xz', stored)) {
      const decoder = await openDecoder('xz');
      let bytes = 0;
      const until = stored.subarray(0, state.compressedBytes);
      for (const step of [() => decoder.push(until), () => decoder.rest()])
        for await (const slice of step()) bytes += slice.length;
      decoder.release();
      expect(bytes).toBe(state.outputBytes);
    }
  });

  it('still notices that the index lists other blocks', async () => {
    const stored = sample('blocks.xz');
    const states = await statesOf('xz', stored);
    // The index lies before the 12 bytes of the footer and its own CRC-32; its second byte counts the blocks.
    const indexBytes = (stored.readUInt32LE(stored.length - 8) + 1) * 4;
    const start = stored.length - 12 - indexBytes;
    stored[start + 2] = (stored[start + 2] ?? 0) ^ 1;
    withCrc(stored, start, start + indexBytes - 4, start + indexBytes - 4);
    for (const { state } of states.slice(0, -1)) {
      await expect(decodeObject('xz', stored, { state })).rejects.toMatchObject({
        message: expect.stringContaining('an index of other blocks'),
      });
    }
  });
});

describe('damaged xz data', () => {
  it.each([
    ['streams.xz', streams],
    ['blocks.xz', pageData(1, 300_000)],
  ] as const)('is never taken for something else: %s', async (name, expected) => {
    const whole = sample(name);
    for (let seed = 1; seed <= 400; seed++) {
      const below = numbersFrom(seed * 104_729);
      const damaged = Buffer.from(whole);
      const at = below(2) === 0 ? below(100) : below(whole.length);
      damaged[at] = below(2) === 0 ? below(256) : (damaged[at] ?? 0) ^ (1 << below(8));
      const found = await verdict('xz', damaged, { size: () => 1 + below(3000) });
      if (damaged.equals(whole)) continue;
      // A block without a check is the one place where a changed byte is a changed byte of the output.
      if (typeof found !== 'string') expect(found.length, `seed ${seed}`).toBe(expected.length);
      if (typeof found !== 'string')
        expect(name === 'streams.xz' && differsOnlyIn(found, 12_000, 15_000)).toBe(true);
      else expect(['ARCHIVE_CORRUPT', 'FORMAT_UNKNOWN'], `seed ${seed}: ${found}`).toContain(found);
    }
  });

  it('never hangs or traps on noise in a block', async () => {
    const head = sample('blocks.xz').subarray(0, 12 + (sample('blocks.xz')[12]! + 1) * 4);
    for (let seed = 1; seed <= 200; seed++) {
      const below = numbersFrom(seed * 31);
      const noisy = noise(seed, 1 + below(70_000));
      // A chunk with everything reset, of properties that are allowed and data that begins well.
      noisy.set([0xe0 + below(32), 0xff, 0xff, below(2) === 0 ? 0 : 0xff, 0xff, below(225), 0]);
      const found = await verdict('xz', Buffer.concat([head, noisy]), { size: () => 1 + below(50_000) });
      expect(found).toBe('ARCHIVE_CORRUPT');
    }
  });

  it('is an error wherever the data is cut', async () => {
    const whole = sample('streams.xz');
    const ends: number[] = [];
    for (let length = 0; length < whole.length; length += 1 + (length % 3)) {
      const found = await verdict('xz', whole.subarray(0, length));
      if (typeof found !== 'string') ends.push(length);
      else expect(found).toBe('ARCHIVE_CORRUPT');
    }
    // only behind streams and their padding: there it is complete by itself
    for (const end of ends) expect(['YZ', '\0\0']).toContain(whole.subarray(end - 2, end).toString('latin1'));
  });

  it('says at which compressed byte', async () => {
    const whole = sample('blocks.xz');
    const cut = whole.subarray(0, whole.length >> 1);
    await expect(decodeObject('xz', cut)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(
        `ends too early: inside the compressed data of a block, at byte ${cut.length}`,
      ),
      details: { compressedOffset: cut.length },
    });
    const longer = Buffer.concat([whole, Buffer.from('<html>not found</html>')]);
    await expect(decodeObject('xz', longer)).rejects.toMatchObject({
      message: expect.stringContaining('after the end of stream 1'),
      details: { compressedOffset: whole.length },
    });
    await expect(decodeObject('xz', Buffer.concat([whole, Buffer.alloc(6)]))).rejects.toMatchObject({
      message: expect.stringContaining('inside the padding'),
    });
  });

  it.each(['CRC-32', 'CRC-64', 'SHA-256'])('has a wrong %s', async (check) => {
    const stored = sample('streams.xz');
    const streamOf: Record<string, number> = { 'CRC-32': 0, 'CRC-64': 1, 'SHA-256': 2 };
    const magic = Buffer.from('fd377a585a00', 'hex');
    let start = 0;
    for (let i = streamOf[check]!; i > 0; i--) start = stored.indexOf(magic, start + 1);
    const end = stored.indexOf(magic, start + 1) - (check === 'CRC-32' ? 8 : 0);
    const indexBytes = (stored.readUInt32LE(end - 8) + 1) * 4;
    const at = end - 12 - indexBytes - 1;
    stored[at] = (stored[at] ?? 0) ^ 0x10;
    await expect(decodeObject('xz', stored)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(`incorrect data check (${check}) of a block`),
    });
  });
});

function differsOnlyIn(found: Buffer, from: number, to: number): boolean {
  return (
    found.subarray(0, from).equals(streams.subarray(0, from)) &&
    found.subarray(to).equals(streams.subarray(to))
  );
}
