import { createHash } from 'node:crypto';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { Crc32c } from '../../../src/archive/hash/crc32c.ts';
import { type ArchiveCheckpoint, restoreArchive } from '../../../src/archive/restore-archive.ts';
import {
  type SeekIndex,
  type SeekPoint,
  seekIndexVersion,
  stretchesOf,
  usableIndex,
} from '../../../src/archive/seek-index.ts';
import type { TrailEntry } from '../../../src/archive/seek-trail.ts';
import { makeSharedFiles } from '../../../src/archive/shared-files.ts';
import type { TarEntry } from '../../../src/archive/tar-reader.ts';
import type { Codec } from '../../../src/backup/base-backup.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { buildInflate, mixedData } from './gzip-samples.ts';
import { lz4Frame } from './lz4-samples.ts';
import { contentOf, restoring, temporaryDirectory } from './restore-samples.ts';
import { snappyStream } from './snappy-samples.ts';
import { endBlocks, member } from './tar-samples.ts';

let checksums: Map<string, string>;

const files: Record<string, Buffer> = {
  'base/5/1': mixedData(1, 3_500_000),
  'base/5/2': mixedData(2, 700_001),
  ...Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`base/5/${i + 100}`, mixedData(i, i * 131)])),
  'base/5/3': mixedData(3, 1_200_000),
  empty: Buffer.alloc(0),
  'base/5/4': Buffer.alloc(900_000, 'zeros would be too easy'),
};
const tar = Buffer.concat([
  member({ name: 'base/', type: '5' }),
  member({ name: 'base/5/', type: '5' }),
  ...Object.entries(files).map(([name, content]) => member({ name, content })),
  endBlocks,
]);

/** Objects of the same output: one member, many members, nothing compressed, no compression at all. */
const objects = {
  'one gzip member': [gzipSync(tar, { level: 6 }), 'gzip'],
  'several gzip members': [
    Buffer.concat(
      Array.from({ length: Math.ceil(tar.length / 200_000) }, (_, i) =>
        gzipSync(tar.subarray(i * 200_000, (i + 1) * 200_000), { level: 1 + (i % 9) }),
      ),
    ),
    'gzip',
  ],
  'stored blocks': [gzipSync(tar, { level: 0 }), 'gzip'],
  'an uncompressed tar': [tar, 'none'],
  'linked lz4 blocks': [lz4Frame(tar), 'lz4'],
  'several lz4 frames of large blocks': [
    Buffer.concat([
      lz4Frame(tar.subarray(0, 3_000_000), { sizeId: 6, isLinked: false }),
      lz4Frame(tar.subarray(3_000_000), { sizeId: 5 }),
    ]),
    'lz4',
  ],
  'snappy chunks': [snappyStream(tar), 'snappy'],
} as const satisfies Record<string, readonly [Buffer, Codec]>;

beforeAll(async () => {
  await buildInflate();
  checksums = new Map();
  for (const [name, content] of Object.entries(files)) {
    const hash = await Crc32c.open();
    hash.update(content);
    checksums.set(name, hash.digest());
  }
}, 60_000);

const expected = (entry: TarEntry) => {
  const checksum = checksums.get(entry.path);
  if (checksum === undefined) return null;
  return { sizeBytes: files[entry.path]?.length ?? 0, algorithm: 'CRC32C' as const, checksum };
};

const everyBytes = 100_000;

/** The index that a whole restore leaves; interrupted at every `interruptAt`th checkpoint. */
async function indexOf(object: Uint8Array, codec: Codec, interruptAt = Number.POSITIVE_INFINITY) {
  await using root = await temporaryDirectory();
  const trail: TrailEntry[] = [];
  let last: ArchiveCheckpoint | null = null;
  const options = restoring(object, root.path, codec, 80_000);
  for (;;) {
    let saves = 0;
    const done = await restoreArchive({
      ...options,
      expected,
      index: { earlier: JSON.parse(JSON.stringify(trail)), everyBytes },
      checkpoint: {
        everyBytes: 300_000,
        last,
        async save(checkpoint, entry) {
          last = checkpoint;
          if (entry !== null) trail.push(entry);
          if (++saves === interruptAt) throw new Error('killed');
        },
      },
    }).catch((error: Error) => {
      if (error.message !== 'killed') throw error;
      return null;
    });
    if (done === null) continue;
    if (done.trail !== null) trail.push(done.trail);
    expect(await contentOf(root.path)).toEqual(wanted());
    const index: SeekIndex = {
      formatVersion: seekIndexVersion,
      etag: options.object.etag,
      sizeBytes: object.length,
      points: trail.flatMap((entry) => entry.points),
    };
    return { index: JSON.parse(JSON.stringify(index)) as SeekIndex, trail };
  }
}

function wanted(): Record<string, string> {
  const content = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, bytes.toString('latin1')]),
  );
  return { base: 'dir', 'base/5': 'dir', ...content };
}

/** Restores stretches side by side into `root`. */
async function restoreStretches(
  object: Uint8Array,
  codec: Codec,
  points: readonly SeekPoint[],
  count: number,
  root: string,
) {
  const stretches = stretchesOf(points, object.length, count);
  const options = { ...restoring(object, root, codec, 60_000), expected };
  await makeSharedFiles(stretches, { ...options, tree: new DirectTree(root) });
  const ended = await Promise.allSettled(stretches.map((stretch) => restoreArchive({ ...options, stretch })));
  const results = ended.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  return { stretches, results };
}

describe.each(Object.keys(objects) as (keyof typeof objects)[])('the seek index of %s', (kind) => {
  const [object, codec] = objects[kind];

  it('lets stretches of it be restored side by side, with the same result and every file checked', async () => {
    const { index } = await indexOf(object, codec);
    expect(index.points.length).toBeGreaterThan(5);
    for (const count of [2, 3, 7, 100]) {
      await using root = await temporaryDirectory();
      const { stretches, results } = await restoreStretches(object, codec, index.points, count, root.path);
      expect(stretches.length).toBeGreaterThan(1);
      expect(await contentOf(root.path)).toEqual(wanted());
      expect(results.flatMap((result) => result.mismatches)).toEqual([]);
      const checked = results.reduce((sum, result) => sum + result.checkedFiles, 0);
      expect(checked).toBe(Object.keys(files).length);
      expect(results.reduce((sum, result) => sum + result.files, 0)).toBe(Object.keys(files).length);
    }
  });

  it('is as good after interruptions', async () => {
    const { index, trail } = await indexOf(object, codec, 2);
    expect(trail.length).toBeGreaterThan(5);
    expect(trail.every((entry) => entry.allDistinct)).toBe(true);
    const offsets = index.points.map((point) => point.tar.offset);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    await using root = await temporaryDirectory();
    await restoreStretches(object, codec, index.points, 100, root.path);
    expect(await contentOf(root.path)).toEqual(wanted());
  });

  it('lets a stretch that was killed go on from its own checkpoint', async () => {
    const { index } = await indexOf(object, codec);
    await using root = await temporaryDirectory();
    const stretches = stretchesOf(index.points, object.length, 3);
    const options = { ...restoring(object, root.path, codec, 80_000), expected };
    await makeSharedFiles(stretches, options);
    let kills = 0;
    for (const stretch of stretches) {
      let last: ArchiveCheckpoint | null = null;
      for (let done = false; !done; ) {
        let saves = 0;
        done = await restoreArchive({
          ...options,
          stretch,
          checkpoint: {
            everyBytes: 200_000,
            last,
            async save(checkpoint) {
              last = JSON.parse(JSON.stringify(checkpoint));
              if (++saves === 2) throw new Error('killed');
            },
          },
        }).then(
          (result) => {
            expect(result.mismatches).toEqual([]);
            return true;
          },
          (error: Error) => {
            if (error.message !== 'killed') throw error;
            kills++;
            return false;
          },
        );
      }
    }
    expect(kills).toBeGreaterThan(3);
    expect(await contentOf(root.path)).toEqual(wanted());
  });
});

describe('a seek index that does not fit', () => {
  const object = objects['one gzip member'][0];

  it('is not used for another object, or in another version', async () => {
    const { index } = await indexOf(object, 'gzip');
    const same = { etag: index.etag, sizeBytes: index.sizeBytes };
    expect(usableIndex(index, same)).toEqual(index);
    expect(usableIndex(index, { ...same, etag: 'another' })).toBeNull();
    expect(usableIndex({ ...index, etag: '' }, { ...same, etag: '' })).toBeNull();
    expect(usableIndex(index, { ...same, sizeBytes: 1 })).toBeNull();
    expect(usableIndex({ ...index, formatVersion: 99 }, same)).toBeNull();
    expect(usableIndex(null, same)).toBeNull();
    expect(usableIndex('[]', same)).toBeNull();
  });

  it.each([
    ['window', (point: SeekPoint) => ({ ...point, decoder: { ...point.decoder, window: otherWindow } })],
    ['checksum of the member', (point: SeekPoint) => ({ ...point, memberCrc: (point.memberCrc ?? 0) ^ 1 })],
    ['position', (point: SeekPoint) => ({ ...point, tar: { ...point.tar, offset: point.tar.offset - 512 } })],
  ])('ends the restore: %s', async (_what, change) => {
    const { index } = await indexOf(object, 'gzip');
    await using root = await temporaryDirectory();
    const points = index.points.map(change);
    const restored = restoreStretches(object, 'gzip', points, 100, root.path);
    await expect(restored).rejects.toMatchObject({
      code: expect.stringMatching(/^(INDEX_MISMATCH|ARCHIVE_CORRUPT)$/),
    });
  });

  it('is noticed by the checksum of a file that reaches over a cut', async () => {
    const { index } = await indexOf(object, 'gzip');
    const at = index.points.findIndex((point) => point.fileHash !== null);
    const points = index.points.map((point, i) =>
      i === at ? { ...point, fileHash: (point.fileHash ?? 0) ^ 1 } : point,
    );
    await using root = await temporaryDirectory();
    await expect(restoreStretches(object, 'gzip', points, 100, root.path)).rejects.toMatchObject({
      code: 'INDEX_MISMATCH',
    });
  });
});

const otherWindow = deflateRawSync(createHash('sha512').update('x').digest()).toString('base64');

it('gathers nothing to split where a path comes twice', async () => {
  const twice = Buffer.concat([
    tar.subarray(0, tar.length - endBlocks.length),
    member({ name: 'empty' }),
    endBlocks,
  ]);
  await using root = await temporaryDirectory();
  const { trail } = await restoreArchive({
    ...restoring(gzipSync(twice), root.path, 'gzip', 80_000),
    index: { earlier: [], everyBytes },
  });
  expect(trail?.allDistinct).toBe(false);
});
