import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ArchiveCheckpoint, restoreArchive } from '../../../src/archive/restore-archive.ts';
import { type SeekPoint, stretchesOf } from '../../../src/archive/seek-index.ts';
import { makeSharedFiles } from '../../../src/archive/shared-files.ts';
import { archivedFiles } from './block-archive-samples.ts';
import { sample } from './codec-samples.ts';
import { contentOf, restoring, temporaryDirectory } from './restore-samples.ts';

const wanted = {
  base: 'dir',
  'base/5': 'dir',
  ...Object.fromEntries(
    Object.entries(archivedFiles).map(([name, bytes]) => [name, bytes.toString('latin1')]),
  ),
};

describe.each([
  ['bzip2', sample('archive.tar.bz2')],
  ['xz', sample('archive.tar.xz')],
] as const)('an archive compressed with %s', (codec, object) => {
  it('is restored from every checkpoint', async () => {
    await using root = await temporaryDirectory();
    await using disks = await temporaryDirectory();
    const taken: { last: ArchiveCheckpoint; disk: string }[] = [];
    await restoreArchive({
      ...restoring(object, root.path, codec),
      checkpoint: {
        everyBytes: 200_000,
        last: null,
        async save(checkpoint) {
          const disk = join(disks.path, String(taken.length));
          await cp(root.path, disk, { recursive: true });
          taken.push({ last: JSON.parse(JSON.stringify(checkpoint)), disk });
        },
      },
    });
    expect(await contentOf(root.path)).toEqual(wanted);
    expect(taken.length).toBeGreaterThan(4);
    for (const { last, disk } of taken) {
      const options = restoring(object, disk, codec);
      await restoreArchive({ ...options, checkpoint: { last, save: async () => {} } });
      expect(options.from).toEqual([last.compressedOffset]);
      expect(await contentOf(disk)).toEqual(wanted);
    }
    expect(taken.at(-1)?.last.compressedOffset).toBeGreaterThan(object.length / 2);
  });

  it('is restored at several points at once by its seek index', async () => {
    const points: SeekPoint[] = [];
    await using first = await temporaryDirectory();
    const { trail } = await restoreArchive({
      ...restoring(object, first.path, codec),
      index: { earlier: [], everyBytes: 10_000 },
      checkpoint: {
        everyBytes: 200_000,
        last: null,
        save: async (_checkpoint, entry) => void points.push(...(entry?.points ?? [])),
      },
    });
    points.push(...(trail?.points ?? []));
    await using root = await temporaryDirectory();
    const options = restoring(object, root.path, codec);
    const stretches = stretchesOf(JSON.parse(JSON.stringify(points)), object.length, 4);
    expect(stretches.length).toBeGreaterThan(1);
    await makeSharedFiles(stretches, options);
    await Promise.all(stretches.map((stretch) => restoreArchive({ ...options, stretch })));
    expect(await contentOf(root.path)).toEqual(wanted);
  });
});
