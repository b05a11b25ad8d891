import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import type { Codec } from '../../../src/backup/base-backup.ts';
import { fetchArchive } from '../../../src/steps/fetch-archive.ts';
import type { PartContext, StepContext } from '../../../src/steps/step.ts';
import { buildInflate } from '../archive/gzip-samples.ts';
import {
  contentOf,
  decoders,
  restoring,
  storedObject,
  temporaryDirectory,
} from '../archive/restore-samples.ts';
import { endBlocks, member } from '../archive/tar-samples.ts';

beforeAll(buildInflate, 60_000);

const MiB = 1024 * 1024;

/** Of so many files of one size. What is random takes as much room packed, and an index has a point every 4 MiB. */
function archiveOf(files: number, fileBytes: number): Buffer {
  const members = Array.from({ length: files }, (_, i) =>
    member({ name: `base/5/${i}`, content: randomBytes(fileBytes) }),
  );
  return Buffer.concat([...members, endBlocks]);
}

/** The index that a restore of the archive keeps. */
async function keptIndex(bytes: Buffer, codec: Codec): Promise<unknown> {
  await using root = await temporaryDirectory();
  const stored = storedObject(bytes);
  const { locate, ...object } = stored;
  const kept: unknown[] = [];
  const trail: unknown[] = [];
  const part: Partial<PartContext> = {
    lastCheckpoint: null,
    trail: () => trail,
    saveCheckpoint: async (_bytes, _checkpoint, entry) => void (entry && trail.push(entry)),
    saveSeekIndex: (_object, index) => kept.push(index),
  };
  const plan = { jobs: 1, checkpointBytes: 2 * MiB, sync: false, publishIndex: false };
  const storage = {
    description: 'file:///somewhere',
    locate: async (_object: unknown, range: never) => locate(range),
  };
  const context = {
    plan: () => plan,
    part: (_name: string, _input: unknown, run: (part: unknown) => unknown) => run(part),
    ports: { source: async () => ({ storage }), decoders: () => decoders(MiB), now: () => new Date() },
    failpoint: async () => {},
  };
  const { tree, place, signal } = restoring(stored, root.path, codec);
  const archive = { ...object, name: 'base.tar', codec, dialect: undefined };
  const { files } = await fetchArchive(context as unknown as StepContext, {
    ...{ archive: archive as never, tree, place, signal },
    onProgress: () => {},
  });
  expect(Object.keys(await contentOf(root.path)).length).toBeGreaterThan(files);
  expect(kept).toHaveLength(1);
  return kept[0];
}

test('an archive of larger files leaves a seek index', async () => {
  const index = await keptIndex(gzipSync(archiveOf(200, 100_000), { level: 1 }), 'gzip');
  expect(index).toMatchObject({ points: expect.arrayContaining([expect.anything()]) });
});

test.for(['none', 'gzip'] as const)('one of many small files leaves none: %s', async (codec) => {
  const tar = archiveOf(1600, 12_000);
  expect(await keptIndex(codec === 'gzip' ? gzipSync(tar, { level: 1 }) : tar, codec)).toBeNull();
});
