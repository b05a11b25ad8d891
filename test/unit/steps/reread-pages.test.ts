import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildHash } from '../../../src/archive/hash/build.ts';
import type { SuspectFile } from '../../../src/archive/page-findings.ts';
import { newTally } from '../../../src/steps/page-tally.ts';
import { rereadPages } from '../../../src/steps/reread-pages.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { mixedData } from '../archive/gzip-samples.ts';
import { madePage } from '../archive/hash/page-samples.ts';

beforeAll(async () => {
  await buildHash();
}, 60_000);

const pageBytes = 8192;

/** A file of a relation whose pages are right but for some. */
function file(pages: number, wrong: readonly number[], firstBlock = 0): Buffer {
  const content = mixedData(pages, pages * pageBytes);
  const made = Array.from({ length: pages }, (_, n) =>
    madePage(content.subarray(n * pageBytes, (n + 1) * pageBytes), firstBlock + n, 1n),
  );
  for (const n of wrong) made[n]?.fill(0x5a, 5000, 5010);
  return Buffer.concat(made);
}

async function reread(
  files: Readonly<Record<string, Buffer>>,
  suspects: readonly SuspectFile[],
  blocksPerSegment = 131_072,
) {
  await using root = await temporaryDirectory();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root.path, path, '..'), { recursive: true });
    await writeFile(join(root.path, path), content);
  }
  const tally = newTally();
  const tree = new DirectTree(root.path);
  const reads: [string, number, number][] = [];
  const { readPart } = tree;
  tree.readPart = (path, position, maxBytes) => {
    reads.push([path, position / pageBytes, maxBytes / pageBytes]);
    return readPart.call(tree, path, position, maxBytes);
  };
  const serverPath = (path: string) => path.replace(/^spaces\/7\//, 'pg_tblspc/7/');
  const { signal } = new AbortController();
  await rereadPages(suspects, tally, { tree, serverPath, blocksPerSegment, signal });
  return { ...tally, reads, blocks: tally.damaged.map(({ path, block }) => [path, block]) };
}

describe('pages that were wrong while they streamed, after recovery', () => {
  it('are damaged when they are wrong still, and nothing else is looked at', async () => {
    const found = await reread({ 'base/5/1': file(400, [3, 9, 250]) }, [
      { path: 'base/5/1', blocks: [300, 3, 250, 8] },
    ]);
    expect(found.blocks).toEqual([
      ['base/5/1', 3],
      ['base/5/1', 250],
    ]);
    expect(found.damagedPages).toBe(2);
    expect(found.reads).toEqual([
      ['base/5/1', 3, 6],
      ['base/5/1', 250, 51],
    ]);
  });

  it('are no more where the replay has dropped the file, or cut it off', async () => {
    const found = await reread({ 'base/5/1': file(20, [19]) }, [
      { path: 'base/5/1', blocks: [19, 20, 5000] },
      { path: 'base/5/2', blocks: [0] },
      { path: 'base/6/3', blocks: null },
    ]);
    expect(found.blocks).toEqual([['base/5/1', 19]]);
    expect(found.cutFiles).toEqual([]);
  });

  it('of a file with too many are found in all of it, and so is an end inside a page', async () => {
    const cut = Buffer.concat([file(3000, [0, 2047, 2048, 2999]), Buffer.alloc(100)]);
    const found = await reread({ 'base/5/1': cut }, [{ path: 'base/5/1', blocks: null }]);
    expect(found.blocks.map(([, block]) => block)).toEqual([0, 2047, 2048, 2999]);
    expect(found.cutFiles).toEqual(['base/5/1']);
  });

  it('count once, however many archives have told of their file', async () => {
    const files = { 'base/5/1': file(9, [2, 5]), 'base/5/2': file(9, [2, 5]) };
    const found = await reread(files, [
      { path: 'base/5/1', blocks: [2, 3] },
      { path: 'base/5/2', blocks: null },
      { path: 'base/5/1', blocks: [5, 2] },
      { path: 'base/5/2', blocks: [2] },
    ]);
    expect(found.blocks.map(([path, block]) => `${path} ${block}`)).toEqual([
      'base/5/1 2',
      'base/5/1 5',
      'base/5/2 2',
      'base/5/2 5',
    ]);
  });

  it('are counted as this cluster does, and named as its server does', async () => {
    // Built with segments of 1000 blocks: odo took the second one for one that begins at block 131,072.
    const path = 'spaces/7/PG_17_202406281/5/1.1';
    const suspects = [{ path, blocks: [131_072, 131_074] }];
    const found = await reread({ [path]: file(4, [2], 1000) }, suspects, 1000);
    expect(found.blocks).toEqual([['pg_tblspc/7/PG_17_202406281/5/1.1', 1002]]);
  });

  it('are no damage in maps, which the server makes anew', async () => {
    const found = await reread({ 'base/5/1_fsm': file(3, [1]), 'base/5/1_vm': file(1, [0]) }, [
      { path: 'base/5/1_fsm', blocks: [1] },
      { path: 'base/5/1_vm', blocks: [0] },
    ]);
    expect(found).toMatchObject({ damagedPages: 0, mapPages: 2 });
    expect(found.maps.map(({ path }) => path)).toEqual(['base/5/1_fsm', 'base/5/1_vm']);
  });

  it('are named up to a hundred, and counted all', async () => {
    const all = Array.from({ length: 150 }, (_, n) => n);
    const found = await reread({ 'base/5/1': file(150, all) }, [{ path: 'base/5/1', blocks: all }]);
    expect([found.damagedPages, found.damaged.length]).toEqual([150, 100]);
  });
});
