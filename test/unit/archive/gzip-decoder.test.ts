import { crc32, deflateRawSync, gzipSync, inflateRawSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDecoder } from '../../../src/archive/open-decoder.ts';
import { skewedDeflate } from './deflate-writer.ts';
import { buildInflate, copiesOf, decodeAll, mixedData, numbersFrom, someGzip } from './gzip-samples.ts';

beforeAll(async () => {
  await buildInflate();
}, 60_000);

function member(
  data: Uint8Array,
  header: number[],
  { headerCrc = false, deflated = deflateRawSync(data) }: { headerCrc?: boolean; deflated?: Uint8Array } = {},
): Buffer {
  const head = Buffer.from(header);
  const check = Buffer.alloc(2);
  check.writeUInt16LE(crc32(head) & 0xffff);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(data), 0);
  trailer.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, headerCrc ? check : Buffer.alloc(0), deflated, trailer]);
}

const text = (value: string) => [...Buffer.from(`${value}\0`)];

describe('gzip decoder', () => {
  it('gives the same bytes as zlib for every level, strategy, window and chunk size', async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const below = numbersFrom(seed);
      const data = mixedData(seed, below(4) === 0 ? below(50) : below(300_000));
      const gzip = someGzip(seed, data);
      const most = [1, 7, 300, 5000, 70_000, 1_000_000][below(6)]!;
      const decoded = await decodeAll(gzip, most === 1 ? () => 1 : () => 1 + below(most));
      expect(decoded.equals(data), `seed ${seed}`).toBe(true);
    }
  });

  it('gives the same bytes as zlib where codes are as long as they can be', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const deflated = skewedDeflate(seed, 150_000);
      const data = inflateRawSync(deflated);
      const below = numbersFrom(seed);
      const gzip = member(data, [31, 139, 8, 0, 0, 0, 0, 0, 0, 3], { deflated });
      const decoded = await decodeAll(gzip, () => 1 + below(70_000));
      expect(decoded.equals(data), `seed ${seed}`).toBe(true);
    }
  });

  it('decodes output many times larger than its buffers', async () => {
    const zeros = Buffer.alloc(40_000_000);
    expect((await decodeAll(gzipSync(zeros))).equals(zeros)).toBe(true);
    const data = mixedData(99, 9_000_000);
    for (const level of [0, 1, 9])
      expect((await decodeAll(gzipSync(data, { level }))).equals(data)).toBe(true);
  });

  it('reads several members, empty ones too, and zeros behind the last', async () => {
    const parts = [1, 2, 3, 4].map((seed) => mixedData(seed, seed === 3 ? 0 : 40_000));
    const gzip = Buffer.concat([...parts.map((part, i) => someGzip(i, part)), Buffer.alloc(700)]);
    for (const size of [1, 11, 100_000]) {
      expect((await decodeAll(gzip, () => size)).equals(Buffer.concat(parts))).toBe(true);
    }
  });

  it('never lets a match reach into the member before', async () => {
    // a distance of 1 at the very start of a member: fixed block, length 3, distance 1
    const bad = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x03, 0x02, 0, 0, 0, 0, 0, 0, 0, 0]);
    const gzip = Buffer.concat([gzipSync('first'), bad]);
    // with more bytes behind, the fast loop is the one that reads it
    for (const behind of [0, 100]) {
      await expect(decodeAll(Buffer.concat([gzip, Buffer.alloc(behind)]))).rejects.toMatchObject({
        code: 'ARCHIVE_CORRUPT',
        message: expect.stringContaining('distance'),
      });
    }
  });

  it('reads every optional header field, split anywhere', async () => {
    const data = Buffer.from('relation');
    const fixed = (flags: number) => [0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3];
    const extra = [5, 0, 1, 2, 0, 4, 5];
    const headers: [number[], boolean][] = [
      [[...fixed(1)], false],
      [[...fixed(4), ...extra], false],
      [[...fixed(8), ...text('base.tar')], false],
      [[...fixed(16), ...text('a comment')], false],
      [[...fixed(2)], true],
      [[...fixed(31), ...extra, ...text('base.tar'), ...text('')], true],
    ];
    for (const [header, headerCrc] of headers) {
      const gzip = member(data, header, { headerCrc });
      for (const size of [1, 2, 3, 1000]) expect((await decodeAll(gzip, () => size)).equals(data)).toBe(true);
      if (!headerCrc) continue;
      gzip[header.length] = (gzip[header.length] ?? 0) ^ 1;
      await expect(decodeAll(gzip)).rejects.toMatchObject({
        message: expect.stringContaining('header crc mismatch'),
      });
    }
  });

  it('keeps a slice valid while the next two are produced', async () => {
    // compresses so well that every slice fills the memory meant for one
    const data = Buffer.alloc(2000 * 4096);
    for (let at = 0; at < data.length; at += 4096) data.fill((at / 4096) % 251, at, at + 4096);
    const decoder = await openDecoder('gzip');
    const held: { slice: Uint8Array; at: number }[] = [];
    let at = 0;
    for await (const slice of decoder.push(gzipSync(data, { level: 1 }))) {
      held.push({ slice, at });
      at += slice.length;
      if (held.length > 3) held.shift();
      const oldest = held[0]!;
      expect(data.subarray(oldest.at, oldest.at + oldest.slice.length).equals(oldest.slice)).toBe(true);
    }
    decoder.finish();
    expect(at).toBe(data.length);
  });

  it('decodes hundreds of objects one after the other', async () => {
    const gzip = gzipSync(mixedData(8, 20_000));
    for (let i = 0; i < 400; i++) expect((await decodeAll(gzip)).length).toBe(20_000);
  });
});

describe('decoder for uncompressed objects', () => {
  it('hands the bytes on and continues at any offset', async () => {
    const data = mixedData(3, 1_000_000);
    const first = await openDecoder('none');
    const head = await copiesOf(first.push(data.subarray(0, 300_001)));
    const state = JSON.parse(JSON.stringify(first.snapshot()));
    expect(state).toMatchObject({ compressedBytes: 300_001, outputBytes: 300_001 });
    const second = await openDecoder('none', state);
    const tail = await copiesOf(second.push(data.subarray(300_001)));
    expect(Buffer.concat([...head, ...tail]).equals(data)).toBe(true);
    expect(second.outputBytes).toBe(data.length);
  });

  it('refuses a codec that odo cannot read', async () => {
    await expect(openDecoder('unknown')).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' });
  });
});
