import type { WalObject, WalPlan } from '../backup/base-backup.ts';
import type { Tree } from '../target/tree.ts';
import { makeDirectories } from './complete-data.ts';
import { fetchWalObject, type WalSource } from './fetch-wal-object.ts';
import { inParallel } from './in-parallel.ts';
import { handedWalFolder, incomingHandedWal } from './layout.ts';
import type { StepContext, StepFacts } from './step.ts';
import { StorePatience } from './store-patience.ts';
import { walSourceOf } from './wal-feeding.ts';

/** Brought to disk together. @unit bytes */
const batchBytes = 256 * 1024 * 1024;

/**
 * Brings the whole of the planned WAL into the data directory, for a server that odo does not feed. What has its name in the
 * folder is whole, was checked and is on disk: it comes there by a rename, so that a later attempt brings only the rest.
 */
export async function bringAllWal(context: StepContext, wal: WalPlan): Promise<StepFacts> {
  const plan = context.plan();
  const { signal } = context;
  const data = await (await context.ports.target(plan.target)).dataTree(context.runId);
  const source = await walSourceOf(context, wal);
  await data.remove(incomingHandedWal);
  await makeDirectories(data, [handedWalFolder, incomingHandedWal], signal);
  const there = new Set((await data.list(handedWalFolder)).map(({ name }) => name));
  const missing = wal.objects.filter(({ name }) => !there.has(name));
  const total = wal.objects.length;
  let done = total - missing.length;
  let bytes = 0;
  const patience = new StorePatience({ notice: context.notice, now: context.ports.now });
  const batches = batchesOf(missing, wal.segmentBytes, plan.jobs);
  await inParallel(batches, plan.jobs, signal, async (batch, stop) => {
    const what = `WAL ${batch.map(({ name }) => name).join(', ')}`;
    bytes += await patience.run(what, stop, () => bring(batch, { data, source, durable: plan.sync }, stop));
    for (const { name } of batch) {
      await data.rename(`${incomingHandedWal}/${name}`, `${handedWalFolder}/${name}`);
      context.failpoint('restoreWal:brought');
    }
    done += batch.length;
    context.progress({ unit: 'segments', done, total, item: batch.at(-1)?.name ?? null });
  });
  await data.remove(incomingHandedWal);
  return { segments: total, ofSegments: total, bytes };
}

/** Small enough that each of `jobs` has some. */
function batchesOf(objects: readonly WalObject[], segmentBytes: number, jobs: number): WalObject[][] {
  const size = Math.max(1, Math.min(Math.floor(batchBytes / segmentBytes), Math.ceil(objects.length / jobs)));
  return Array.from({ length: Math.ceil(objects.length / size) }, (_, index) =>
    objects.slice(index * size, (index + 1) * size),
  );
}

/** Returns their bytes. */
async function bring(
  objects: readonly WalObject[],
  { data, source, durable }: { data: Tree; source: WalSource; durable: boolean },
  signal: AbortSignal,
): Promise<number> {
  const writer = await data.openWriter(signal, { durable });
  try {
    let bytes = 0;
    for (const object of objects) {
      const path = `${incomingHandedWal}/${object.name}`;
      bytes += await fetchWalObject(source, object, { writer, path, signal });
    }
    await writer.sync();
    return bytes;
  } finally {
    await writer.close();
  }
}
