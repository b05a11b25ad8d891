import type { WalPlan } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import { fetchArchive } from './fetch-archive.ts';
import { fetchWalObject } from './fetch-wal-object.ts';
import { inParallel } from './in-parallel.ts';
import { walFolder } from './layout.ts';
import { contentOf, placeWalEntry } from './place-entry.ts';
import type { Step, StepContext, StepFacts } from './step.ts';
import { openWorkTree } from './work-tree.ts';

/** Segments that are fetched, synced and journalled together. */
const batchSize = 16;

/** Brings every WAL file recovery will ask for into the work directory, from the archive or from `pg_wal.tar`. */
export const restoreWal: Step = {
  name: 'restoreWal',
  version: 1,
  async run(context) {
    const { wal } = context.plan().contents;
    if (wal === null) throw new OdoError('BUG', 'The plan has no WAL.');
    return wal.source === 'backup' ? fetchFromBackup(context) : fetchFromArchive(context, wal);
  },
};

async function fetchFromBackup(context: StepContext): Promise<StepFacts> {
  const plan = context.plan();
  const target = await context.ports.target(plan.target);
  const tree = await openWorkTree(context, target);
  const archives = plan.contents.archives.filter((archive) => contentOf(archive) === 'wal');
  const total = archives.reduce((sum, archive) => sum + archive.sizeBytes, 0);
  let files = 0;
  let bytes = 0;
  for (const archive of archives) {
    const result = await fetchArchive(context, {
      archive,
      tree,
      signal: context.signal,
      place: (entry) => placeWalEntry(entry, walFolder),
      onProgress: (done) => context.progress({ unit: 'bytes', done, total, item: archive.name }),
    });
    files += result.files;
    bytes += result.outputBytes;
  }
  return { files, bytes };
}

async function fetchFromArchive(context: StepContext, { objects, isElsewhere }: WalPlan): Promise<StepFacts> {
  const plan = context.plan();
  const target = await context.ports.target(plan.target);
  const tree = await openWorkTree(context, target);
  const source = isElsewhere ? await context.ports.walSource() : await context.ports.source();
  if (source === null) throw new OdoError('BUG', 'The plan reads an archive that the request does not name.');
  const { storage, rangeBytes } = source;
  const batches = Array.from({ length: Math.ceil(objects.length / batchSize) }, (_, index) =>
    objects.slice(index * batchSize, (index + 1) * batchSize),
  );
  let done = 0;
  let bytes = 0;
  await inParallel(batches, plan.jobs, context.signal, async (batch, signal) => {
    const name = `${batch[0]?.name}-${batch.at(-1)?.name}`;
    const result = await context.part(
      name,
      batch.map((object) => object.etag),
      async () => {
        const writer = await tree.openWriter(signal, { durable: plan.sync });
        let written = 0;
        try {
          for (const object of batch) {
            written += await fetchWalObject({ object, storage, rangeBytes, writer, plan, signal });
            context.progress({ unit: 'segments', done: ++done, total: objects.length, item: object.name });
          }
          await writer.sync();
        } finally {
          await writer.close();
        }
        return { segments: batch.length, bytes: written };
      },
    );
    bytes += result.bytes;
  });
  return { segments: objects.length, bytes };
}
