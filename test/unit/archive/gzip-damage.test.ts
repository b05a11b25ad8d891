import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { buildInflate, decodeAll, mixedData, numbersFrom, someGzip } from './gzip-samples.ts';

beforeAll(async () => {
  await buildInflate();
}, 60_000);

async function verdict(gzip: Uint8Array, size: () => number): Promise<Buffer | string> {
  try {
    return await decodeAll(gzip, size);
  } catch (error) {
    return errorCode(error) ?? `foreign error: ${error}`;
  }
}

function zlibVerdict(gzip: Uint8Array): Buffer | null {
  try {
    return gunzipSync(gzip);
  } catch {
    return null;
  }
}

describe('damaged gzip data', () => {
  it('is judged as zlib judges it, whatever byte is wrong', async () => {
    let refused = 0;
    for (let seed = 1; seed <= 1500; seed++) {
      const below = numbersFrom(seed * 104_729);
      const gzip = someGzip(seed, mixedData(seed, 1 + below(6000)));
      for (let flips = 1 + below(3); flips > 0; flips--) {
        // headers of blocks are where the rules are: half of the damage goes there
        const at = below(2) === 0 ? 10 + below(Math.min(90, gzip.length - 10)) : below(gzip.length);
        gzip[at] = below(2) === 0 ? below(256) : (gzip[at] ?? 0) ^ (1 << below(8));
      }
      const expected = zlibVerdict(gzip);
      const found = await verdict(gzip, () => 1 + below(3000));
      if (expected === null) {
        refused++;
        expect(found, `seed ${seed}`).toBe('ARCHIVE_CORRUPT');
      } else {
        expect(typeof found !== 'string' && found.equals(expected), `seed ${seed}: ${found}`).toBe(true);
      }
    }
    expect(refused).toBeGreaterThan(500);
  });

  it('never hangs or traps on noise behind a valid header', async () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const below = numbersFrom(seed * 31);
      const noise = Buffer.from(Array.from({ length: 1 + below(400) }, () => below(256)));
      const gzip = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), noise]);
      const expected = zlibVerdict(gzip);
      const found = await verdict(gzip, () => 1 + below(500));
      if (expected === null) expect(found, `seed ${seed}`).toBe('ARCHIVE_CORRUPT');
    }
  });

  it('is an error wherever the data is cut', async () => {
    const data = mixedData(21, 800);
    const gzip = Buffer.concat([
      gzipSync(data, { level: 9 }),
      gzipSync(data, { level: 0 }),
      someGzip(2, data),
    ]);
    const ends = new Set<number>();
    for (let length = 0; length < gzip.length; length++) {
      const found = await verdict(gzip.subarray(0, length), () => 4096);
      if (typeof found === 'string') expect(found).toBe('ARCHIVE_CORRUPT');
      else ends.add(length);
    }
    // only between members: there the stream is complete by itself
    expect(ends.size).toBe(2);
  });

  it('names an incomplete code as such', async () => {
    // last block, dynamic, 4 code length codes of which only one has a length (1): zlib's `invalid code lengths set`
    const bits = '1' + '01' + '00000' + '00000' + '0000' + '000' + '000' + '100' + '000';
    const block = Array.from({ length: 4 }, (_, i) =>
      Number.parseInt([...bits.slice(i * 8, i * 8 + 8).padEnd(8, '0')].reverse().join(''), 2),
    );
    const gzip = Buffer.from([
      0x1f,
      0x8b,
      8,
      0,
      0,
      0,
      0,
      0,
      0,
      3,
      ...block,
      ...Array<number>(100).fill(0x5a),
    ]);
    expect(() => gunzipSync(gzip)).toThrow('invalid code lengths set');
    await expect(decodeAll(gzip)).rejects.toMatchObject({
      message: expect.stringContaining('invalid code lengths'),
      details: { compressedOffset: expect.toSatisfy((offset: number) => offset < 16) },
    });
  });

  it('says at which compressed byte', async () => {
    const gzip = gzipSync(mixedData(1, 200_000));
    const cut = gzip.subarray(0, gzip.length >> 1);
    await expect(decodeAll(cut)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(`at byte ${cut.length}`),
      details: { compressedOffset: cut.length },
    });
    const garbage = Buffer.concat([gzip, Buffer.alloc(10), Buffer.from('garbage')]);
    await expect(decodeAll(garbage, () => 777)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      details: { compressedOffset: gzip.length + 10 },
    });
    const other = Buffer.concat([gzip, Buffer.from('<html>not found</html>')]);
    await expect(decodeAll(other)).rejects.toMatchObject({
      message: expect.stringContaining('after the end of member 1'),
      details: { compressedOffset: gzip.length },
    });
  });
});
