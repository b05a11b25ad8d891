import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DecodeSource } from '../../../src/archive/decode/decoded-stream.ts';
import {
  type ArchiveCheckpoint,
  type ArchiveProgress,
  archiveFailpoints,
  type EntryPlacement,
  restoreArchive,
  type TarEntry,
} from '../../../src/archive/restore-archive.ts';
import { OdoError } from '../../../src/errors/odo-error.ts';
import { DirectTree } from '../../../src/target/direct-tree.ts';
import { buildInflate, mixedData } from './gzip-samples.ts';
import { lz4Frame } from './lz4-samples.ts';
import {
  contentOf,
  restoring,
  storedObject,
  temporaryDirectory,
  withoutContinuing,
} from './restore-samples.ts';
import { snappyStream } from './snappy-samples.ts';
import { endBlocks, member } from './tar-samples.ts';
import { checkedZstd } from './zstd-samples.ts';

beforeAll(async () => {
  await buildInflate();
}, 60_000);

const large = mixedData(1, 3_500_000);
const middle = mixedData(2, 700_001);
const tar = Buffer.concat([
  member({ name: './', type: '5' }),
  member({ name: 'backup_label', content: 'START WAL LOCATION: 0/2000028\n' }),
  member({ name: 'base/', type: '5' }),
  member({ name: 'base/5/', type: '5' }),
  member({ name: 'base/5/1', content: large }),
  ...Array.from({ length: 30 }, (_, i) => member({ name: `base/5/${i + 100}`, content: `small ${i}` })),
  member({ name: 'base/5/2', content: middle }),
  member({ name: 'pg_notify/', type: '5' }),
  member({ name: 'empty' }),
  member({ name: 'base/5/3', content: large.subarray(0, 1_200_000) }),
  member({ name: 'global/pg_control', content: 'control' }),
  endBlocks,
]);
const gzip = gzipSync(tar, { level: 6 });
const lz4 = lz4Frame(tar);
const snappy = snappyStream(tar);
/** A frame for each 200 kB: a state lies between frames only. */
const zstd = Buffer.concat(
  Array.from({ length: Math.ceil(tar.length / 200_000) }, (_, i) =>
    checkedZstd(tar.subarray(i * 200_000, (i + 1) * 200_000)),
  ),
);

async function expected(): Promise<Record<string, string>> {
  await using whole = await temporaryDirectory();
  await restoreArchive(restoring(tar, whole.path, 'none'));
  return await contentOf(whole.path); // before the directory goes away
}

/** The label is asked for in memory as well: a resume must not lose what was captured before. */
function place({ path }: TarEntry): EntryPlacement {
  return path === 'backup_label' ? { kind: 'capture', name: 'label', path } : { kind: 'write', path };
}

const roundTrip = (checkpoint: ArchiveCheckpoint) =>
  JSON.parse(JSON.stringify(checkpoint)) as ArchiveCheckpoint;

describe('restoring an archive', () => {
  it('writes every file, compressed or not, whatever the size of the pieces that arrive', async () => {
    const wanted = await expected();
    expect(wanted['base/5/1'] === large.toString('latin1')).toBe(true);
    expect(wanted).toMatchObject({ pg_notify: 'dir', empty: '', 'base/5/129': 'small 29' });
    for (const [object, codec, slotBytes] of [
      [gzip, 'gzip', 10_000],
      [gzip, 'gzip', 1_000_000],
      [lz4, 'lz4', 10_000],
      [lz4, 'lz4', 1_000_000],
      [snappy, 'snappy', 30_000],
      [zstd, 'zstd', 30_000],
      [checkedZstd(tar), 'zstd', 1_000_000],
      [tar, 'none', 777],
    ] as const) {
      await using root = await temporaryDirectory();
      const result = await restoreArchive(restoring(object, root.path, codec, slotBytes));
      expect(await contentOf(root.path)).toEqual(wanted);
      expect(result).toMatchObject({
        files: 36,
        outputBytes: tar.length,
        compressedBytes: object.length,
        captured: {},
        checkedFiles: 0,
      });
    }
  });

  it('puts entries where their placement says', async () => {
    await using root = await temporaryDirectory();
    const archive = Buffer.concat([
      member({ name: 'PG_VERSION', content: '15\n' }),
      member({ name: 'backup_label', content: 'label 1' }),
      member({ name: 'global/pg_control', content: 'control' }),
      member({ name: 'postmaster.pid', content: '4711' }),
      member({ name: 'pg_tblspc/16385', type: '2', linkName: '/srv/ts' }),
      member({ name: 'pg_wal/', type: '5' }),
      member({ name: 'backup_label', content: 'label 2' }),
      endBlocks,
    ]);
    const result = await restoreArchive({
      ...restoring(archive, root.path, 'none', 100),
      place({ path }) {
        if (path === 'PG_VERSION') return { kind: 'capture', name: path, path };
        if (path === 'backup_label') return { kind: 'capture', name: 'label' };
        if (path === 'global/pg_control') return { kind: 'write', path: '.sealed/pg_control' };
        if (path === 'pg_tblspc/16385') return { kind: 'link', path, target: '../../ts' };
        return path === 'postmaster.pid' ? { kind: 'skip' } : { kind: 'write', path };
      },
    });
    expect(await contentOf(root.path)).toEqual({
      PG_VERSION: '15\n',
      '.sealed': 'dir',
      '.sealed/pg_control': 'control',
      pg_tblspc: 'dir',
      'pg_tblspc/16385': '-> ../../ts',
      pg_wal: 'dir',
    });
    const captured = Object.entries(result.captured).map(([name, bytes]) => [
      name,
      Buffer.from(bytes).toString(),
    ]);
    // of two members with one name the later wins
    expect(Object.fromEntries(captured)).toEqual({ PG_VERSION: '15\n', label: 'label 2' });
  });

  it('refuses a link that no placement asked for, and a captured file that is too large', async () => {
    await using root = await temporaryDirectory();
    const link = Buffer.concat([member({ name: 'pg_wal', type: '2', linkName: '/etc' }), endBlocks]);
    await expect(restoreArchive(restoring(link, root.path, 'none'))).rejects.toMatchObject({
      code: 'ENTRY_REFUSED',
      message: expect.stringContaining('base.tar.gz: '),
    });
    const label = Buffer.concat([member({ name: 'backup_label', content: Buffer.alloc(65_537) }), endBlocks]);
    await expect(
      restoreArchive({
        ...restoring(label, root.path, 'none'),
        place: () => ({ kind: 'capture', name: 'label' }),
      }),
    ).rejects.toMatchObject({ code: 'ENTRY_REFUSED' });
  });

  it('reports progress up to the whole', async () => {
    await using root = await temporaryDirectory();
    let now = 0;
    const seen: ArchiveProgress[] = [];
    await restoreArchive({
      ...restoring(gzip, root.path, 'gzip', 20_000),
      nowMs: () => (now += 50),
      onProgress: (progress) => seen.push(progress),
    });
    expect(seen.length).toBeGreaterThan(3);
    for (const [i, progress] of seen.entries()) {
      expect(progress.compressedBytes).toBeGreaterThanOrEqual(seen[i - 1]?.compressedBytes ?? 0);
    }
    expect(seen.at(-1)).toEqual({ compressedBytes: gzip.length, outputBytes: tar.length, files: 36 });
  });

  it('lets other work of the thread go on meanwhile', async () => {
    await using root = await temporaryDirectory();
    const archive = Buffer.concat([member({ name: 'zeros', content: Buffer.alloc(150_000_000) }), endBlocks]);
    let turns = 0;
    let running = true;
    const turn = () => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const zeros = gzipSync(archive);
    await restoreArchive({
      ...restoring(zeros, root.path, 'gzip', zeros.length),
      place: () => ({ kind: 'skip' }),
    });
    running = false;
    expect(turns).toBeGreaterThan(30);
  });

  it('stops when it is told to', async () => {
    await using root = await temporaryDirectory();
    const controller = new AbortController();
    const options = restoring(gzip, root.path, 'gzip', 10_000);
    const stopping = restoreArchive({
      ...options,
      signal: controller.signal,
      place(entry) {
        if (entry.path === 'base/5/2') controller.abort();
        return { kind: 'write', path: entry.path };
      },
    });
    await expect(stopping).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('checkpoints of an archive', () => {
  const objects = { gzip, none: tar, lz4, snappy, zstd };

  /** Every checkpoint with a copy of the directory at that moment: what a power loss right after it leaves. */
  async function withCheckpoints(
    codec: keyof typeof objects,
    root: string,
    continues = true,
    object: Buffer = objects[codec],
  ) {
    const taken: { checkpoint: ArchiveCheckpoint; disk: string }[] = [];
    await mkdir(join(root, 'run'));
    const options = restoring(object, join(root, 'run'), codec, 30_000);
    const tree = new DirectTree(join(root, 'run'));
    await restoreArchive({
      ...options,
      place,
      tree: continues ? tree : withoutContinuing(tree),
      checkpoint: {
        everyBytes: 250_000,
        last: null,
        async save(checkpoint) {
          const disk = join(root, `disk-${taken.length}`);
          await cp(join(root, 'run'), disk, { recursive: true });
          taken.push({ checkpoint: roundTrip(checkpoint), disk });
        },
      },
    });
    return { object, taken };
  }

  it.each(['gzip', 'none', 'lz4'] as const)(
    'lead to the same result from each of them (%s)',
    async (codec) => {
      await using root = await temporaryDirectory();
      const wanted = await expected();
      const { object, taken } = await withCheckpoints(codec, root.path);
      expect(taken.length).toBeGreaterThan(10);
      expect(taken.some(({ checkpoint }) => checkpoint.tar.mode === 'data')).toBe(true);
      for (const { checkpoint, disk } of taken) {
        const options = { ...restoring(object, disk, codec, 50_000), place };
        const result = await restoreArchive({
          ...options,
          checkpoint: { last: checkpoint, save: async () => {} },
        });
        expect(Buffer.from(result.captured.label ?? []).toString()).toBe('START WAL LOCATION: 0/2000028\n');
        expect(options.from).toEqual([checkpoint.compressedOffset]);
        expect(await contentOf(disk)).toEqual(wanted);
        expect(result).toMatchObject({ files: 36, outputBytes: tar.length });
      }
      const last = taken.at(-1)?.checkpoint.compressedOffset ?? 0;
      expect(last).toBeGreaterThan(object.length * 0.8);
    },
  );

  it('are good where the decoder must begin its only frame again', async () => {
    await using root = await temporaryDirectory();
    const wanted = await expected();
    const { object, taken } = await withCheckpoints('zstd', root.path, true, checkedZstd(tar));
    expect(taken.length).toBeGreaterThan(10);
    for (const { checkpoint, disk } of taken) {
      expect(checkpoint.compressedOffset).toBe(0);
      const save = async () => {};
      const options = { ...restoring(object, disk, 'zstd', 50_000), place };
      await restoreArchive({ ...options, checkpoint: { last: checkpoint, save } });
      expect(await contentOf(disk)).toEqual(wanted);
    }
  });

  it('lie between files where the target cannot continue one', async () => {
    await using root = await temporaryDirectory();
    const wanted = await expected();
    const { taken } = await withCheckpoints('gzip', root.path, false);
    expect(taken.length).toBeGreaterThan(2);
    for (const { checkpoint, disk } of taken) {
      expect(checkpoint.sink.open).toBe(null);
      const tree = withoutContinuing(new DirectTree(disk));
      await restoreArchive({
        ...restoring(gzip, disk, 'gzip', 50_000),
        tree,
        checkpoint: { last: checkpoint, save: async () => {} },
      });
      expect(await contentOf(disk)).toEqual(wanted);
    }
  });

  it('survive a failure at any point, many times in one restore', async () => {
    const wanted = await expected();
    for (const point of archiveFailpoints) {
      await using root = await temporaryDirectory();
      let last: ArchiveCheckpoint | null = null;
      let failures = 0;
      for (let attempt = 0; ; attempt++) {
        let passed = 0;
        const options = restoring(gzip, root.path, 'gzip', 40_000);
        const restored = restoreArchive({
          ...options,
          checkpoint: {
            everyBytes: 300_000,
            last,
            save: async (checkpoint) => {
              last = roundTrip(checkpoint);
            },
          },
          async failpoint(name) {
            if (name === point && ++passed === 2 + (attempt % 2)) throw new Error('killed');
          },
        });
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
      expect(await contentOf(root.path)).toEqual(wanted);
    }
  });

  it('are taken after a while even when little was written', async () => {
    await using root = await temporaryDirectory();
    let now = 0;
    let saved = 0;
    await restoreArchive({
      ...restoring(gzip, root.path, 'gzip', 5000),
      nowMs: () => (now += 100),
      checkpoint: { everyBytes: 2_000_000, everyMs: 2000, last: null, save: async () => void saved++ },
    });
    // By bytes alone there are three.
    expect(saved).toBeGreaterThan(6);
  });

  it('come sooner where there are many small files', async () => {
    await using root = await temporaryDirectory();
    const files = Array.from({ length: 200 }, (_, i) => member({ name: `f${i}`, content: 'x' }));
    const archive = Buffer.concat([...files, endBlocks]);
    const everyBytes = 320 * 1024;
    let saved = 0;
    await restoreArchive({
      ...restoring(gzipSync(archive), root.path, 'gzip', 5000),
      checkpoint: { everyBytes, last: null, save: async () => void saved++ },
    });
    // By bytes alone there is none; every ten files from the first state of the decoder on.
    expect(archive.length).toBeLessThan(everyBytes);
    expect(saved).toBeGreaterThan(8);
  });

  it('are refused when another version or another object is at hand', async () => {
    await using root = await temporaryDirectory();
    const { taken } = await withCheckpoints('gzip', root.path);
    const { checkpoint } = taken[3] ?? expect.fail('no checkpoint');
    const run = (last: ArchiveCheckpoint, object: Buffer) =>
      restoreArchive({ ...restoring(object, root.path, 'gzip'), checkpoint: { last, save: async () => {} } });
    await expect(run({ ...checkpoint, formatVersion: 99 }, gzip)).rejects.toMatchObject({
      code: 'JOURNAL_INCOMPATIBLE',
      details: { found: 99 },
    });
    await expect(run(checkpoint, Buffer.concat([gzip, Buffer.alloc(1)]))).rejects.toMatchObject({
      code: 'OBJECT_CHANGED',
    });
  });
});

describe('page checksums of an archive', () => {
  const blank = Buffer.alloc(8192);
  /** No page of a relation: neither empty nor with a right checksum. */
  const wrong = Buffer.alloc(8192, 0x5a);
  const pages = Buffer.concat([
    member({ name: 'base/5/16384', content: Buffer.concat([blank, blank, wrong, blank]) }),
    member({
      name: 'base/5/16384.1',
      content: Buffer.concat([...Array.from({ length: 40 }, () => blank), wrong]),
    }),
    member({ name: 'base/5/16385', content: blank.subarray(0, 5000) }),
    member({ name: 'PG_VERSION', content: '15\n' }),
    endBlocks,
  ]);
  const options = (root: string) => ({
    ...restoring(gzipSync(pages, { level: 1 }), root, 'gzip', 20_000),
    pages: ({ path }: TarEntry) =>
      path === 'PG_VERSION' ? null : { firstBlock: path.endsWith('.1') ? 131_072 : 0 },
  });

  it('tell each wrong page by file and block, and a file that ends inside one', async () => {
    await using root = await temporaryDirectory();
    const { pageFindings } = await restoreArchive(options(root.path));
    expect(pageFindings).toMatchObject({
      pages: 45,
      suspectPages: 2,
      suspects: [
        { path: 'base/5/16384', blocks: [2] },
        { path: 'base/5/16384.1', blocks: [131_112] },
        // It ends inside a page.
        { path: 'base/5/16385', blocks: null },
      ],
      isComplete: true,
    });
  });

  it('are the same after a failure at any checkpoint', async () => {
    await using whole = await temporaryDirectory();
    const wanted = (await restoreArchive(options(whole.path))).pageFindings;
    await using root = await temporaryDirectory();
    let last: ArchiveCheckpoint | null = null;
    for (let kills = 0; ; kills++) {
      const done = await restoreArchive({
        ...options(root.path),
        checkpoint: {
          everyBytes: 30_000,
          last,
          save: async (checkpoint) => {
            last = roundTrip(checkpoint);
            throw new Error('killed');
          },
        },
      }).catch((error: Error) => {
        if (error.message !== 'killed') throw error;
        return null;
      });
      if (done === null) continue;
      expect(kills).toBeGreaterThan(5);
      expect(done.pageFindings).toEqual(wanted);
      return;
    }
  });
});

describe('a damaged or incomplete archive', () => {
  it('is never taken as restored', async () => {
    await using root = await temporaryDirectory();
    const damaged = Buffer.from(gzip);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 0x55;
    const noEnd = tar.subarray(0, tar.length - 1024);
    const halfEnd = tar.subarray(0, tar.length - 512);
    for (const [object, codec, code] of [
      [damaged, 'gzip', 'ARCHIVE_CORRUPT'],
      [gzip.subarray(0, gzip.length - 3), 'gzip', 'ARCHIVE_CORRUPT'],
      [noEnd, 'none', 'ARCHIVE_CORRUPT'],
      [halfEnd, 'none', 'ARCHIVE_CORRUPT'],
      [gzipSync(noEnd), 'gzip', 'ARCHIVE_CORRUPT'],
      [Buffer.alloc(0), 'none', 'ARCHIVE_CORRUPT'],
      [Buffer.from('<Error><Code>NoSuchKey</Code></Error>'), 'none', 'ARCHIVE_CORRUPT'],
      [lz4.subarray(0, lz4.length - 3), 'lz4', 'ARCHIVE_CORRUPT'],
      [lz4.subarray(0, 1_000_000), 'lz4', 'ARCHIVE_CORRUPT'],
      [lz4Frame(noEnd), 'lz4', 'ARCHIVE_CORRUPT'],
      [snappy.subarray(0, snappy.length - 3), 'snappy', 'ARCHIVE_CORRUPT'],
      [snappyStream(tar.subarray(0, 65_536)), 'snappy', 'ARCHIVE_CORRUPT'],
      [zstd.subarray(0, zstd.length - 3), 'zstd', 'ARCHIVE_CORRUPT'],
      [checkedZstd(noEnd), 'zstd', 'ARCHIVE_CORRUPT'],
      [gzip, 'lz4', 'ARCHIVE_CORRUPT'],
      [lz4, 'zstd', 'ARCHIVE_CORRUPT'],
      [gzip, 'none', 'ARCHIVE_CORRUPT'],
      [tar, 'gzip', 'ARCHIVE_CORRUPT'],
    ] as const) {
      await expect(restoreArchive(restoring(object, root.path, codec))).rejects.toMatchObject({
        code,
        message: expect.stringMatching(/^base\.tar\.gz: /),
        details: { archive: 'base.tar.gz' },
      });
    }
  });

  it('is told apart from a read that ended too early, which may be tried again', async () => {
    await using root = await temporaryDirectory();
    const options = restoring(gzip, root.path, 'gzip');
    const { locate } = storedObject(gzip.subarray(0, 100_000));
    const retries: string[] = [];
    const source: DecodeSource = {
      locate: async (range) => locate(range),
      onRetry: ({ error }) => retries.push(error.code),
    };
    const stop = new AbortController();
    const stopping = restoreArchive({
      ...options,
      signal: stop.signal,
      source: { ...source, onRetry: (retry) => (source.onRetry?.(retry), stop.abort()) },
    });
    await expect(stopping).rejects.toMatchObject({ name: 'AbortError' });
    expect([...new Set(retries)]).toEqual(['OBJECT_TRUNCATED']);
  });

  it('passes the failure of a read on as it is', async () => {
    await using root = await temporaryDirectory();
    const broken = {
      ...restoring(gzip, root.path, 'gzip'),
      source: {
        async locate() {
          throw new OdoError('ACCESS_DENIED', 'No.', { hint: 'Ask.' });
        },
      },
    };
    await expect(restoreArchive(broken)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: 'base.tar.gz: No.',
      hint: 'Ask.',
    });
  });
});
