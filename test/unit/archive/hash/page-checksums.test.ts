import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildHash } from '../../../../src/archive/hash/build.ts';
import { PageChecksums, type PageChecksumsOptions } from '../../../../src/archive/hash/page-checksums.ts';
import { parseLsn } from '../../../../src/postgres/lsn.ts';
import { mixedData } from '../gzip-samples.ts';
import { madePage, quadraticPage, slowPageChecksum } from './page-samples.ts';

beforeAll(async () => {
  await buildHash();
}, 60_000);

const oldLsn = parseLsn('1/500');
const stopped = { firstBlock: 0, replay: null };

async function resultOf(options: PageChecksumsOptions, ...pieces: Uint8Array[]) {
  const checksums = await PageChecksums.open(options);
  for (const piece of pieces) checksums.update(piece);
  return checksums.result();
}

/** `count` right pages of random content. */
function rightPages(count: number, { pageBytes = 8192, firstBlock = 0, lsn = oldLsn } = {}): Buffer {
  const content = mixedData(count, count * pageBytes);
  return Buffer.concat(
    Array.from({ length: count }, (_, n) =>
      madePage(content.subarray(n * pageBytes, (n + 1) * pageBytes), firstBlock + n, lsn),
    ),
  );
}

describe('page checksums', () => {
  // select page_checksum(string_agg(decode(lpad(to_hex((i*i*31+i) % 65536), 4, '0'), 'hex'), '' order by i), BLOCK)
  //   from generate_series(0, 4095) i    -- extension pageinspect, PostgreSQL 15
  it.each([
    [0, 32351],
    [1, 32350],
    [70_000, 28558],
    [3 * 131_072 + 17, 32364],
  ])('are those that PostgreSQL computes for block %i', async (block, checksum) => {
    const page = quadraticPage();
    expect(slowPageChecksum(page, block)).toBe(checksum);
    const { damaged } = await resultOf({ ...stopped, firstBlock: block }, page);
    expect(damaged).toEqual([{ block, expected: page.readUInt16LE(8), found: checksum }]);
    page.writeUInt16LE(checksum, 8);
    expect(await resultOf({ ...stopped, firstBlock: block }, page)).toEqual({
      pages: 1,
      damaged: [],
      damagedPages: 0,
      unproven: 0,
      tailBytes: 0,
    });
  });

  it('may have pages of 1 to 32 KiB, and of no other size', async () => {
    for (const pageBytes of [1024, 2048, 4096, 8192, 16_384, 32_768]) {
      const file = rightPages(130, { pageBytes, firstBlock: 9 });
      const options = { firstBlock: 9, pageBytes, replay: null };
      expect(await resultOf(options, file)).toMatchObject({ pages: 130, damagedPages: 0 });
      file[pageBytes * 129 + 77] = ~(file[pageBytes * 129 + 77] ?? 0);
      expect(await resultOf(options, file)).toMatchObject({ damagedPages: 1, damaged: [{ block: 138 }] });
    }
    for (const pageBytes of [0, 512, 3072, 65_536])
      await expect(PageChecksums.open({ ...stopped, pageBytes })).rejects.toMatchObject({ code: 'BUG' });
  });

  it('tell a page that lies where another belongs', async () => {
    const file = rightPages(20);
    const swapped = Buffer.concat([
      file.subarray(0, 8192 * 4),
      file.subarray(8192 * 5, 8192 * 6),
      file.subarray(8192 * 4, 8192 * 5),
      file.subarray(8192 * 6),
    ]);
    const { damaged } = await resultOf(stopped, swapped);
    expect(damaged.map(({ block }) => block)).toEqual([4, 5]);
  });

  it('come out the same for pieces of any length, saved and opened again in between', async () => {
    const written = { firstBlock: 5, lsn: parseLsn('3/0') };
    const file = Buffer.concat([rightPages(5), rightPages(1, written), rightPages(7, { firstBlock: 6 })]);
    for (const at of [100, 5 * 8192 + 4000, 12 * 8192 + 8191]) file[at] = ~(file[at] ?? 0);
    const withTail = Buffer.concat([file, Buffer.alloc(300, 1)]);
    const online = { firstBlock: 0, replay: { startLsn: parseLsn('2/0') } };
    const whole = await resultOf(online, withTail);
    expect(whole).toMatchObject({ damaged: [{ block: 0 }, { block: 12 }], unproven: 1, tailBytes: 300 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 100, max: 40_000 }), { minLength: 1 }), async (sizes) => {
        let checksums = await PageChecksums.open(online);
        let at = 0;
        for (let n = 0; at < withTail.length; n++) {
          const piece = withTail.subarray(at, at + (sizes[n % sizes.length] ?? 1));
          at += piece.length;
          // A buffer that is used again right away, as the decoder's is.
          const reused = Buffer.from(piece);
          checksums.update(reused);
          reused.fill(0xff);
          checksums = await PageChecksums.open(online, JSON.parse(JSON.stringify(checksums.saved)));
        }
        expect(checksums.result()).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('do not mind new pages, but a page that only says it is new', async () => {
    const file = Buffer.concat([rightPages(3), Buffer.alloc(8192 * 2)]);
    expect(await resultOf(stopped, file)).toMatchObject({ pages: 5, damagedPages: 0, unproven: 0 });
    file[8192 * 4 + 8000] = 1;
    expect(await resultOf(stopped, file)).toMatchObject({ damaged: [{ block: 4, expected: 0, found: 0 }] });
    const replay = { startLsn: parseLsn('1/0') };
    expect(await resultOf({ firstBlock: 0, replay }, file)).toMatchObject({ damagedPages: 0, unproven: 1 });
  });

  it('of pages that the WAL of the backup wrote are unproven where they are wrong', async () => {
    const startLsn = parseLsn('2/100');
    const file = Buffer.concat([
      rightPages(1, { lsn: startLsn - 1n }),
      rightPages(1, { firstBlock: 1, lsn: startLsn }),
      rightPages(1, { firstBlock: 2, lsn: parseLsn('3/0') }),
      rightPages(1, { firstBlock: 3, lsn: parseLsn('3/1') }),
    ]);
    const online = { firstBlock: 0, replay: { startLsn } };
    expect(await resultOf(online, file)).toMatchObject({ pages: 4, damagedPages: 0, unproven: 0 });
    for (const at of [6000, 14_000, 22_000, 30_000]) file[at] = ~(file[at] ?? 0);
    const damagedBlocks = async (options: PageChecksumsOptions) =>
      (await resultOf(options, file)).damaged.map(({ block }) => block);
    expect(await damagedBlocks(online)).toEqual([0]);
    expect((await resultOf(online, file)).unproven).toBe(3);
    expect(await damagedBlocks({ ...online, replay: { startLsn, endLsn: parseLsn('3/0') } })).toEqual([0, 3]);
    expect(await damagedBlocks(stopped)).toEqual([0, 1, 2, 3]);
  });

  it('name the first 100 damaged pages and count them all', async () => {
    const { damaged, damagedPages } = await resultOf(stopped, Buffer.alloc(8192 * 150, 5));
    expect([damaged.length, damaged.at(-1)?.block, damagedPages]).toEqual([100, 99, 150]);
  });

  it('leave the tail of a file that ends inside a page', async () => {
    expect(await resultOf(stopped, rightPages(2), Buffer.alloc(1000))).toMatchObject({
      pages: 2,
      tailBytes: 1000,
    });
  });
});
