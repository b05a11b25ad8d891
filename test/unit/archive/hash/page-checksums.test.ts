import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildHash } from '../../../../src/archive/hash/build.ts';
import { adoptMemory } from '../../../../src/archive/hash/hash-module.ts';
import { PageChecksums, type PageChecksumsOptions } from '../../../../src/archive/hash/page-checksums.ts';
import { parseLsn } from '../../../../src/postgres/lsn.ts';
import { mixedData } from '../gzip-samples.ts';
import { madePage, quadraticPage, slowPageChecksum } from './page-samples.ts';

beforeAll(async () => {
  await buildHash();
}, 60_000);

const oldLsn = parseLsn('1/500');
const fromStart = { firstBlock: 0 };

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
    const { wrong } = await resultOf({ ...fromStart, firstBlock: block }, page);
    expect(wrong).toEqual([{ block, expected: page.readUInt16LE(8), found: checksum }]);
    page.writeUInt16LE(checksum, 8);
    expect(await resultOf({ ...fromStart, firstBlock: block }, page)).toEqual({
      pages: 1,
      wrong: [],
      wrongPages: 0,
      tailBytes: 0,
    });
  });

  it('may have pages of 1 to 32 KiB, and of no other size', async () => {
    for (const pageBytes of [1024, 2048, 4096, 8192, 16_384, 32_768]) {
      const file = rightPages(130, { pageBytes, firstBlock: 9 });
      const options = { firstBlock: 9, pageBytes };
      expect(await resultOf(options, file)).toMatchObject({ pages: 130, wrongPages: 0 });
      file[pageBytes * 129 + 77] = ~(file[pageBytes * 129 + 77] ?? 0);
      expect(await resultOf(options, file)).toMatchObject({ wrongPages: 1, wrong: [{ block: 138 }] });
    }
    for (const pageBytes of [0, 512, 3072, 65_536])
      await expect(PageChecksums.open({ ...fromStart, pageBytes })).rejects.toMatchObject({ code: 'BUG' });
  });

  it('tell a page that lies where another belongs', async () => {
    const file = rightPages(20);
    const swapped = Buffer.concat([
      file.subarray(0, 8192 * 4),
      file.subarray(8192 * 5, 8192 * 6),
      file.subarray(8192 * 4, 8192 * 5),
      file.subarray(8192 * 6),
    ]);
    const { wrong } = await resultOf(fromStart, swapped);
    expect(wrong.map(({ block }) => block)).toEqual([4, 5]);
  });

  it('come out the same for pieces of any length, saved and opened again in between', async () => {
    const file = rightPages(13);
    for (const at of [100, 5 * 8192 + 4000, 12 * 8192 + 8191]) file[at] = ~(file[at] ?? 0);
    const withTail = Buffer.concat([file, Buffer.alloc(300, 1)]);
    const whole = await resultOf(fromStart, withTail);
    expect(whole).toMatchObject({ wrong: [{ block: 0 }, { block: 5 }, { block: 12 }], tailBytes: 300 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 100, max: 40_000 }), { minLength: 1 }), async (sizes) => {
        let checksums = await PageChecksums.open(fromStart);
        let at = 0;
        for (let n = 0; at < withTail.length; n++) {
          const piece = withTail.subarray(at, at + (sizes[n % sizes.length] ?? 1));
          at += piece.length;
          // A buffer that is used again right away, as the decoder's is.
          const reused = Buffer.from(piece);
          checksums.update(reused);
          reused.fill(0xff);
          checksums = await PageChecksums.open(fromStart, JSON.parse(JSON.stringify(checksums.saved)));
        }
        expect(checksums.result()).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('do not mind new pages, but a page that only says it is new', async () => {
    const file = Buffer.concat([rightPages(3), Buffer.alloc(8192 * 2)]);
    expect(await resultOf(fromStart, file)).toMatchObject({ pages: 5, wrongPages: 0 });
    file[8192 * 4 + 8000] = 1;
    expect(await resultOf(fromStart, file)).toMatchObject({ wrong: [{ block: 4, expected: 0, found: 0 }] });
  });

  it('are those of the blocks that pages are said to be', async () => {
    const file = Buffer.concat([rightPages(2, { firstBlock: 40 }), rightPages(1, { firstBlock: 7 })]);
    const checksums = await PageChecksums.open(fromStart);
    checksums.moveTo(40);
    checksums.update(file.subarray(0, 8192 + 100));
    expect(() => checksums.moveTo(7)).toThrow('A page ends early');
    checksums.update(file.subarray(8192 + 100, 2 * 8192));
    checksums.moveTo(7);
    checksums.update(file.subarray(2 * 8192));
    expect(checksums.result()).toMatchObject({ pages: 3, wrongPages: 0 });
  });

  it('are computed where a decoder left the pages, which stay as they are', async () => {
    const memory = new WebAssembly.Memory({ initial: 40, maximum: 1024, shared: true });
    await adoptMemory(memory, 'receiver');
    const file = rightPages(150);
    for (const block of [0, 63, 64, 149]) file[block * 8192 + 500] = ~(file[block * 8192 + 500] ?? 0);
    // As an entry of a tar: at no multiple of a page.
    const there = new Uint8Array(memory.buffer, 500_000 - 96, file.length);
    there.set(file);
    const result = await resultOf(fromStart, there.subarray(0, 100_000), there.subarray(100_000));
    expect(result).toEqual(await resultOf(fromStart, file));
    expect(result.wrong.map(({ block }) => block)).toEqual([0, 63, 64, 149]);
    expect(Buffer.from(there).equals(file)).toBe(true);
  });

  it('go on from the checkpoint of an odo that kept no list: all of the file is suspected', async () => {
    const partial = Buffer.alloc(0).toString('base64');
    const checksums = await PageChecksums.open(fromStart, { pages: 3, partial });
    checksums.update(rightPages(2, { firstBlock: 3 }));
    expect(checksums.result()).toMatchObject({ pages: 5, wrong: [], wrongPages: 3 });
  });

  it('name the first 1000 wrong pages and count them all', async () => {
    const { wrong, wrongPages } = await resultOf(fromStart, Buffer.alloc(8192 * 1100, 5));
    expect([wrong.length, wrong.at(-1)?.block, wrongPages]).toEqual([1000, 999, 1100]);
  });

  it('leave the tail of a file that ends inside a page', async () => {
    expect(await resultOf(fromStart, rightPages(2), Buffer.alloc(1000))).toMatchObject({
      pages: 2,
      tailBytes: 1000,
    });
  });
});
