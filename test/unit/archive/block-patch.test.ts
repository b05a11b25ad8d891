import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildHash } from '../../../src/archive/hash/build.ts';
import { type ArchiveCheckpoint, restoreArchive } from '../../../src/archive/restore-archive.ts';
import { incrementalFile } from '../../support/incremental-file.ts';
import { buildInflate, mixedData } from './gzip-samples.ts';
import { madePage } from './hash/page-samples.ts';
import { restoring, temporaryDirectory } from './restore-samples.ts';
import { endBlocks, member } from './tar-samples.ts';

beforeAll(async () => {
  await buildInflate();
  await buildHash();
}, 60_000);

const blockBytes = 8192;
const blockOf = (seed: number) => mixedData(seed, blockBytes);

interface Link {
  readonly blocks: readonly (readonly [number, Uint8Array])[];
  readonly truncation: number;
}

/** Backwards, as pg_combinebackup reads (reconstruct.c); odo applies the same files forwards. */
function combined(full: Uint8Array, links: readonly Link[]): Buffer {
  const newest = links.at(-1);
  if (newest === undefined) return Buffer.from(full);
  const length = Math.max(newest.truncation, ...newest.blocks.map(([number]) => number + 1));
  const found = new Map<number, Uint8Array>(newest.blocks);
  for (const { blocks } of links.slice(0, -1).toReversed()) {
    for (const [number, content] of blocks) {
      if (number < newest.truncation && !found.has(number)) found.set(number, content);
    }
  }
  for (let number = 0; number < Math.floor(full.length / blockBytes); number++) {
    if (number >= newest.truncation || found.has(number)) continue;
    found.set(number, full.subarray(number * blockBytes, (number + 1) * blockBytes));
  }
  const zeros = new Uint8Array(blockBytes);
  return Buffer.concat(Array.from({ length }, (_, number) => found.get(number) ?? zeros));
}

const patchOf = (path: string, full: Uint8Array, index: number, count: number) => ({
  kind: 'patch' as const,
  path,
  keepBytes: index === 0 ? full.length - (full.length % blockBytes) : null,
  isLast: index === count - 1,
});

const link = fc.record({
  numbers: fc.uniqueArray(fc.nat(14), { maxLength: 9 }).map((all) => all.sort((a, b) => a - b)),
  truncation: fc.nat(15),
});

const chain = fc.record({
  fullBytes: fc.nat(12).chain((blocks) => fc.constantFrom(0, 4096).map((tail) => blocks * blockBytes + tail)),
  links: fc.array(link, { minLength: 1, maxLength: 4 }),
  slotBytes: fc.constantFrom(777, 9_000, 70_000),
  killAt: fc.nat(12),
});

describe('applying incremental files oldest first', () => {
  it('gives what pg_combinebackup makes of them, however often it is killed', async () => {
    await fc.assert(
      fc.asyncProperty(chain, async ({ fullBytes, links: drawn, slotBytes, killAt }) => {
        await using root = await temporaryDirectory();
        const full = mixedData(1, fullBytes);
        const links = drawn.map(({ numbers, truncation }, index) => ({
          blocks: numbers.map((number) => [number, blockOf(index * 100 + number + 2)] as const),
          truncation,
        }));
        await mkdir(join(root.path, 'base'));
        await writeFile(join(root.path, 'base/1'), full);
        for (const [index, { blocks, truncation }] of links.entries()) {
          const tar = Buffer.concat([
            member({ name: 'base/INCREMENTAL.1', content: incrementalFile(blocks, truncation) }),
            member({ name: 'PG_VERSION', content: '17\n' }),
            endBlocks,
          ]);
          await restoreKilled(gzipSync(tar), root.path, slotBytes, killAt, () =>
            patchOf('base/1', full, index, links.length),
          );
        }
        const found = await readFile(join(root.path, 'base/1'));
        expect(found.equals(combined(full, links))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  /** Killed before the checkpoints from `killAt` on, one at a time: what was written since the last one stays. */
  async function restoreKilled(
    object: Uint8Array,
    root: string,
    slotBytes: number,
    killAt: number,
    patch: () => ReturnType<typeof patchOf>,
  ): Promise<void> {
    let last: ArchiveCheckpoint | null = null;
    for (let kills = 0; ; kills++) {
      let checkpoints = 0;
      try {
        await restoreArchive({
          ...restoring(object, root, 'gzip', slotBytes),
          place: ({ path }) => (path.includes('INCREMENTAL.') ? patch() : { kind: 'write', path }),
          checkpoint: {
            everyBytes: 8_192,
            last,
            save: async (checkpoint) => {
              last = JSON.parse(JSON.stringify(checkpoint)) as ArchiveCheckpoint;
            },
          },
          failpoint: async (name) => {
            if (name === 'archive:before-sync' && checkpoints++ === killAt && kills < 4)
              throw new Error('killed');
          },
        });
        return;
      } catch (error) {
        if (!(error instanceof Error) || error.message !== 'killed') throw error;
      }
    }
  }

  it('checks the pages that they bring, each as the block that it becomes, wherever it is killed', async () => {
    const right = (block: number) => madePage(mixedData(block, blockBytes), block, 1n);
    const blocks = [3, 4, 9, 10].map((block) => [block, right(131_072 + block)] as const);
    blocks[2]?.[1].fill(7, 5000, 5010);
    const tar = Buffer.concat([
      member({ name: 'base/5/INCREMENTAL.1.1', content: incrementalFile(blocks, 11) }),
      endBlocks,
    ]);
    for (const killAt of [null, 0, 1, 2, 3]) {
      await using root = await temporaryDirectory();
      await mkdir(join(root.path, 'base/5'), { recursive: true });
      await writeFile(join(root.path, 'base/5/1.1'), Buffer.alloc(11 * blockBytes));
      let last: ArchiveCheckpoint | null = null;
      let killed = killAt === null;
      const restore = () =>
        restoreArchive({
          ...restoring(tar, root.path, 'none', 5000),
          place: () => ({ kind: 'patch', path: 'base/5/1.1', keepBytes: null, isLast: true }),
          pages: ({ path }) => (path === 'base/5/1.1' ? { firstBlock: 131_072 } : null),
          checkpoint: {
            everyBytes: 8_192,
            last,
            save: async (checkpoint) => {
              last = JSON.parse(JSON.stringify(checkpoint)) as ArchiveCheckpoint;
              if (killed || last.tar.offset < (killAt ?? 0) * 10_000) return;
              killed = true;
              throw new Error('killed');
            },
          },
        });
      const result = await restore().catch((error: Error) => {
        expect(error.message).toBe('killed');
        return restore();
      });
      expect(killed).toBe(true);
      expect(result.pageFindings).toEqual({
        pages: 4,
        suspectPages: 1,
        suspects: [{ path: 'base/5/1.1', blocks: [131_081] }],
        isComplete: true,
      });
    }
  });

  it('compares them as they are stored with the manifest, also with a hash that cannot be saved', async () => {
    await using root = await temporaryDirectory();
    await writeFile(join(root.path, '1'), blockOf(1));
    const content = incrementalFile([[1, blockOf(2)]], 2);
    const tar = Buffer.concat([member({ name: 'INCREMENTAL.1', content }), endBlocks]);
    const saved: ArchiveCheckpoint[] = [];
    const result = await restoreArchive({
      ...restoring(tar, root.path, 'none', 1000),
      place: () => ({ kind: 'patch', path: '1', keepBytes: null, isLast: true }),
      expected: () => ({ sizeBytes: content.length, algorithm: 'SHA256', checksum: '00' }),
      checkpoint: { everyBytes: 1000, last: null, save: async (checkpoint) => void saved.push(checkpoint) },
    });
    expect(result.mismatches).toMatchObject([{ path: 'INCREMENTAL.1', what: 'checksum', expected: '00' }]);
    expect(result.checkedFiles).toBe(1);
    // In the file nothing could be taken up.
    expect(saved.every(({ sink }) => sink.open === null)).toBe(true);
  });

  it.each([
    ['begins with other bytes', Buffer.alloc(12), 'magic'],
    ['ends in its header', incrementalFile([[1, blockOf(1)]], 2).subarray(0, 14), 'ends in its header'],
    ['lacks a block', incrementalFile([[1, blockOf(1)]], 2).subarray(0, 8192), '16384'],
    ['has a block that no file has', incrementalFile([[131_072, blockOf(1)]], 2), 'block 131072'],
  ])('refuses one that %s', async (_, content, said) => {
    await using root = await temporaryDirectory();
    await writeFile(join(root.path, '1'), blockOf(1));
    const tar = Buffer.concat([member({ name: 'INCREMENTAL.1', content }), endBlocks]);
    await expect(
      restoreArchive({
        ...restoring(tar, root.path, 'none'),
        place: () => ({ kind: 'patch', path: '1', keepBytes: null, isLast: true }),
      }),
    ).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', message: expect.stringContaining(said) });
    expect((await readFile(join(root.path, '1'))).equals(blockOf(1))).toBe(true);
  });

  it('takes a truncation length behind the end of the segment as its end', async () => {
    await using root = await temporaryDirectory();
    await writeFile(join(root.path, '1'), blockOf(1));
    const tar = Buffer.concat([
      member({ name: 'INCREMENTAL.1', content: incrementalFile([], 200_000) }),
      endBlocks,
    ]);
    await restoreArchive({
      ...restoring(tar, root.path, 'none'),
      place: () => ({ kind: 'patch', path: '1', keepBytes: null, isLast: true }),
    });
    expect((await stat(join(root.path, '1'))).size).toBe(2 ** 30);
  });
});
