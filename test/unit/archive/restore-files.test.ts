import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveFailpoints, type ExpectedFile, type TarEntry } from '../../../src/archive/restore-archive.ts';
import {
  type FileObject,
  type FilesCheckpoint,
  type RestoreFilesOptions,
  restoreFiles,
} from '../../../src/archive/restore-files.ts';
import { openDirectoryStorage } from '../../../src/storage/directory.ts';
import type { ObjectStorage } from '../../../src/storage/object-storage.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { buildInflate, mixedData } from './gzip-samples.ts';
import { contentOf, temporaryDirectory, withoutContinuing } from './restore-samples.ts';

const contents = new Map<string, Buffer>([
  ['PG_VERSION', Buffer.from('17\n')],
  ['base/5/1', mixedData(1, 3_000_000)],
  ...Array.from(
    { length: 40 },
    (_, i) => [`base/5/${100 + i}`, mixedData(100 + i, 1000 * i)] as [string, Buffer],
  ),
  ['base/5/2', mixedData(2, 1_500_000)],
  ['pg_stat_tmp/left', Buffer.from('out')],
]);

let source: string;
let storage: ObjectStorage;
let files: FileObject[];

beforeAll(async () => {
  await buildInflate();
  source = await mkdtemp(join(tmpdir(), 'odo-tree-'));
  storage = openDirectoryStorage(source);
  files = [];
  for (const [path, content] of contents) {
    await mkdir(dirname(join(source, path)), { recursive: true });
    await writeFile(join(source, path), content);
    const object = await storage.stat(path, new AbortController().signal);
    files.push({ path, key: path, etag: object?.etag ?? '', sizeBytes: content.length });
  }
}, 60_000);
afterAll(() => rm(source, { recursive: true }));

const place = (entry: TarEntry) =>
  entry.path === 'PG_VERSION'
    ? ({ kind: 'capture', name: 'PG_VERSION', path: 'PG_VERSION' } as const)
    : entry.path.startsWith('pg_stat_tmp/')
      ? ({ kind: 'skip' } as const)
      : ({ kind: 'write', path: entry.path } as const);

const options = (root: string, change: Partial<RestoreFilesOptions> = {}): RestoreFilesOptions => ({
  files,
  source: storage,
  tree: new DirectTree(root),
  place,
  readAheadBytes: 4 * 1024 * 1024,
  rangeBytes: 256 * 1024,
  durable: true,
  checkpoint: { everyBytes: 2 ** 40, everyMs: 2 ** 40, last: null, save: async () => {} },
  onProgress: () => {},
  nowMs: () => 0,
  signal: new AbortController().signal,
  ...change,
});

const wanted = (): Record<string, string> => ({
  base: 'dir',
  'base/5': 'dir',
  ...Object.fromEntries(
    [...contents]
      .filter(([path]) => !path.startsWith('pg_stat_tmp/'))
      .map(([path, content]) => [path, content.toString('latin1')]),
  ),
});

describe('objects that are files', () => {
  it('go where their placement says, empty ones too, and what is skipped is not read', async () => {
    await using root = await temporaryDirectory();
    const read: string[] = [];
    const seen: number[] = [];
    const result = await restoreFiles(
      options(root.path, {
        source: {
          async locate(object, range, signal) {
            read.push(object.key);
            return storage.locate(object, range, signal);
          },
        },
        onProgress: (bytes) => seen.push(bytes),
      }),
    );
    expect(await contentOf(root.path)).toEqual(wanted());
    expect(Buffer.from(result.captured.PG_VERSION ?? []).toString()).toBe('17\n');
    const total = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    expect(result).toMatchObject({ files: 43, outputBytes: total });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
    expect(read).not.toContain('pg_stat_tmp/left');
    expect(read).not.toContain('base/5/100');
  });

  it('are compared with the manifest on the way', async () => {
    await using root = await temporaryDirectory();
    const expected = (entry: TarEntry): ExpectedFile | null => {
      const content = contents.get(entry.path) ?? Buffer.alloc(0);
      const checksum = createHash('sha256').update(content).digest('hex');
      return {
        sizeBytes: content.length,
        algorithm: 'SHA256',
        checksum: entry.path === 'base/5/107' ? '00' : checksum,
      };
    };
    const result = await restoreFiles(options(root.path, { expected }));
    expect(result.checkedFiles).toBe(43);
    expect(result.mismatches).toMatchObject([{ path: 'base/5/107', what: 'checksum', expected: '00' }]);
  });

  it('are read several at a time where they are small, and no more than fit', async () => {
    await using root = await temporaryDirectory();
    let running = 0;
    let most = 0;
    await restoreFiles(
      options(root.path, {
        source: {
          async locate(object, range, signal) {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setImmediate(resolve));
            running--;
            return storage.locate(object, range, signal);
          },
        },
      }),
    );
    expect(most).toBeGreaterThan(8);
    expect(most).toBeLessThanOrEqual(32);
  });

  it('fail when one of them changed since it was pinned, by its key', async () => {
    await using root = await temporaryDirectory();
    const changed = files.map((file) => (file.path === 'base/5/110' ? { ...file, etag: 'other' } : file));
    await expect(restoreFiles(options(root.path, { files: changed }))).rejects.toMatchObject({
      code: 'OBJECT_CHANGED',
      message: expect.stringContaining('base/5/110'),
    });
  });

  it('stop when they are told to', async () => {
    await using root = await temporaryDirectory();
    const controller = new AbortController();
    const onProgress = (bytes: number) => {
      if (bytes > 1_000_000) controller.abort();
    };
    await expect(
      restoreFiles(options(root.path, { signal: controller.signal, onProgress })),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('checkpoints among files', () => {
  it.each([true, false])(
    'lead to the same result from each of them (inside files: %s)',
    async (continues) => {
      await using root = await temporaryDirectory();
      const taken: { checkpoint: FilesCheckpoint; disk: string }[] = [];
      await mkdir(join(root.path, 'run'));
      const tree = new DirectTree(join(root.path, 'run'));
      await restoreFiles(
        options(root.path, {
          tree: continues ? tree : withoutContinuing(tree),
          checkpoint: {
            everyBytes: 200_000,
            everyMs: 2 ** 40,
            last: null,
            async save(_, checkpoint) {
              const disk = join(root.path, `disk-${taken.length}`);
              await cp(join(root.path, 'run'), disk, { recursive: true });
              taken.push({ checkpoint: JSON.parse(JSON.stringify(checkpoint)) as FilesCheckpoint, disk });
            },
          },
        }),
      );
      expect(taken.length).toBeGreaterThan(3);
      expect(taken.some(({ checkpoint }) => checkpoint.offset > 0)).toBe(continues);
      for (const { checkpoint, disk } of taken) {
        let least = Number.POSITIVE_INFINITY;
        const result = await restoreFiles(
          options(disk, {
            checkpoint: { everyBytes: 2 ** 40, everyMs: 2 ** 40, last: checkpoint, save: async () => {} },
            onProgress: (bytes) => {
              least = Math.min(least, bytes);
            },
            expected: (entry) => ({
              sizeBytes: entry.sizeBytes,
              algorithm: 'SHA256',
              checksum: createHash('sha256')
                .update(contents.get(entry.path) ?? '')
                .digest('hex'),
            }),
          }),
        );
        expect(result.mismatches).toEqual([]);
        expect(result.files).toBe(43);
        expect(Buffer.from(result.captured.PG_VERSION ?? []).toString()).toBe('17\n');
        expect(await contentOf(disk)).toEqual(wanted());
        // Nothing that is done is read again.
        const doneBytes = files
          .slice(0, checkpoint.done)
          .reduce((sum, file) => sum + file.sizeBytes, checkpoint.offset);
        expect(least).toBeGreaterThan(doneBytes);
      }
    },
  );

  it('survive a failure at any point', async () => {
    for (const point of archiveFailpoints) {
      await using root = await temporaryDirectory();
      let last: FilesCheckpoint | null = null;
      let failures = 0;
      for (let attempt = 0; ; attempt++) {
        let passed = 0;
        const restored = restoreFiles(
          options(root.path, {
            checkpoint: {
              everyBytes: 300_000,
              everyMs: 2 ** 40,
              last,
              save: async (_, checkpoint) => {
                last = JSON.parse(JSON.stringify(checkpoint)) as FilesCheckpoint;
              },
            },
            async failpoint(name) {
              if (name === point && ++passed === 2 + (attempt % 2)) throw new Error('killed');
            },
          }),
        );
        const outcome = await restored.then(
          () => 'done',
          (error: Error) => error.message,
        );
        if (outcome === 'done') break;
        expect(outcome).toBe('killed');
        failures++;
        expect(failures).toBeLessThan(60);
      }
      if (point !== 'archive:before-last-sync') expect(failures).toBeGreaterThan(2);
      expect(await contentOf(root.path)).toEqual(wanted());
    }
  });

  it('are refused in a format of another version', async () => {
    await using root = await temporaryDirectory();
    const last = { formatVersion: 99, done: 0, offset: 0 } as FilesCheckpoint;
    const checkpoint = { everyBytes: 1, everyMs: 1, last, save: async () => {} };
    await expect(restoreFiles(options(root.path, { checkpoint }))).rejects.toMatchObject({
      code: 'JOURNAL_INCOMPATIBLE',
    });
  });
});
