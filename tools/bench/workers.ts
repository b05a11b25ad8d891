/**
 * One gzip archive by its seek index, with 1 to 16 workers: the same code that a restore runs, without journal and
 * checkpoints. On a machine with fewer cores than workers the wall time cannot shrink; what can be seen there is the
 * processor time of the main thread, which no worker takes over, and of everything else, which they divide.
 */
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DecoderPool } from '../../src/archive/decode/decoder-pool.ts';
import { type RestoreArchiveOptions, restoreArchive } from '../../src/archive/restore-archive.ts';
import { type SeekPoint, stretchesOf } from '../../src/archive/seek-index.ts';
import { makeSharedFiles } from '../../src/archive/shared-files.ts';
import { divideMemory, memoryBudget, slotBytes } from '../../src/run/limits/memory.ts';
import { inParallel } from '../../src/steps/in-parallel.ts';
import { fileEtag } from '../../src/storage/etag.ts';
import { DirectTree } from '../../src/target/direct-tree.ts';
import { makeBackups } from './backups.ts';
import { makeBenchDir } from './bench-dir.ts';
import { removeTargets, settleDisk } from './disk.ts';
import { installPrograms } from './programs.ts';
import { median } from './statistics.ts';
import { markdownTable } from './tables.ts';

const workerCounts = [1, 2, 4, 8, 16];

interface Cost {
  readonly wall: number;
  readonly main: number;
  readonly others: number;
}

function optionsFor(file: string, root: string, workers: number): RestoreArchiveOptions {
  const found = statSync(file, { bigint: true });
  const object = { key: file, etag: fileEtag(found), sizeBytes: Number(found.size) };
  const share = divideMemory(memoryBudget(null), workers);
  const rangeBytes = 8 * 1024 * 1024;
  return {
    name: 'base.tar.gz',
    codec: 'gzip',
    object,
    decoders: new DecoderPool({ ...share, threads: workers, rangeBytes, slotBytes }),
    source: {
      locate: async (range) => ({ kind: 'file', path: file, range, etag: object.etag, key: file }),
    },
    tree: new DirectTree(root),
    place: ({ kind, path }) => (kind === 'link' ? { kind: 'skip' } : { kind: 'write', path }),
    checkpoint: { last: null, save: async () => {} },
    nowMs: () => performance.now(),
    signal: new AbortController().signal,
  };
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  await settleDisk();
  const started = performance.now();
  const [all, main] = [process.cpuUsage(), process.threadCpuUsage()];
  await work();
  const [allUsed, mainUsed] = [process.cpuUsage(all), process.threadCpuUsage(main)];
  const seconds = ({ user, system }: { user: number; system: number }) => (user + system) / 1e6;
  return {
    wall: (performance.now() - started) / 1000,
    main: seconds(mainUsed),
    others: seconds(allUsed) - seconds(mainUsed),
  };
}

export async function benchWorkers(options: { rounds: number; sizeBytes: number }): Promise<void> {
  await installPrograms();
  const { gzipFile } = await makeBackups('mixed', options.sizeBytes);
  const session = join('targets', `workers-${process.pid}`);
  const costs = new Map<number, Cost[]>([0, ...workerCounts].map((count) => [count, []]));
  let points: readonly SeekPoint[] = [];
  try {
    for (let round = 1; round <= options.rounds; round++) {
      const target = (name: string) => makeBenchDir([session, `${round}-${name}`]);
      const first = optionsFor(gzipFile, target('first'), 1);
      const gathered: SeekPoint[] = [];
      const cost = await costOf(async () => {
        const { trail } = await restoreArchive({
          ...first,
          index: { earlier: [] },
          checkpoint: {
            last: null,
            save: async (_checkpoint, entry) => void gathered.push(...(entry?.points ?? [])),
          },
        });
        gathered.push(...(trail?.points ?? []));
      });
      await first.decoders.close();
      points = gathered;
      costs.get(0)?.push(cost);
      for (const workers of workerCounts) {
        const each = optionsFor(gzipFile, target(String(workers)), workers);
        const stretches = stretchesOf(points, each.object.sizeBytes, workers * 4);
        const byIndex = await costOf(async () => {
          await makeSharedFiles(stretches, each);
          await inParallel(stretches, workers, each.signal, async (stretch, signal) => {
            await restoreArchive({ ...each, stretch, signal });
          });
        });
        await each.decoders.close();
        costs.get(workers)?.push(byIndex);
      }
    }
  } finally {
    await removeTargets([makeBenchDir([session])]);
  }
  const of = (count: number, pick: (cost: Cost) => number) => median((costs.get(count) ?? []).map(pick));
  const row = (count: number, name: string) => {
    const [wall, main, others] = [
      of(count, (c) => c.wall),
      of(count, (c) => c.main),
      of(count, (c) => c.others),
    ];
    const bound = Math.max(main, others / Math.max(1, count));
    return [name, ...[wall, main, others, bound].map((seconds) => seconds.toFixed(2))];
  };
  console.log(
    `\nThe seek index with several workers, ${availableParallelism()} cores, ${options.rounds} rounds, median seconds.` +
      '\nBound: what as many cores as workers could not beat, the main thread or a worker’s share of the rest.\n',
  );
  console.log(
    markdownTable(
      ['workers', 'wall', 'CPU main thread', 'CPU others', 'bound'],
      [row(0, 'none, first pass'), ...workerCounts.map((count) => row(count, String(count)))],
    ),
  );
}
