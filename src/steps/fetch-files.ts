import type { PageChecksumsOptions } from '../archive/hash/page-checksums.ts';
import type { EntryPlacement, ExpectedFile, TarEntry } from '../archive/restore-archive.ts';
import { type FilesCheckpoint, restoreFiles } from '../archive/restore-files.ts';
import type { Tree } from '../target/tree.ts';
import { checkpointEveryMs, type FetchedArchive, textOfCaptured } from './fetch-archive.ts';
import type { FileBatch } from './file-batches.ts';
import type { StepContext } from './step.ts';

/**
 * A batch of files from the bucket into a tree, as a part of its step: completed once; killed in between, it goes on
 * from its last checkpoint. Every read is pinned to the planned ETag.
 */
export async function fetchFiles(
  context: StepContext,
  options: {
    readonly batch: FileBatch;
    readonly tree: Tree;
    readonly signal: AbortSignal;
    readonly place: (entry: TarEntry) => EntryPlacement;
    readonly expected?: (entry: TarEntry) => ExpectedFile | null;
    readonly pages?: (entry: TarEntry) => PageChecksumsOptions | null;
    readonly onProgress: (doneBytes: number) => void;
  },
): Promise<FetchedArchive> {
  const { batch, signal } = options;
  const [first] = batch.files;
  const input = { first: first?.key, etag: first?.etag, files: batch.files.length, bytes: batch.sizeBytes };
  return context.part(batch.name, input, async (part) => {
    const plan = context.plan();
    const { storage, rangeBytes } = await context.ports.source();
    const { readAheadBytes } = context.ports.decoders(plan).limits;
    const { captured, ...result } = await restoreFiles({
      ...options,
      files: batch.files,
      source: {
        locate: (object, range, stop) => storage.locate(object, range, stop),
        onRetry: ({ key, error }) =>
          context.notice('warning', `Reading ${key} again after a failure: ${error.message}`),
      },
      readAheadBytes,
      rangeBytes,
      durable: plan.sync,
      owner: plan.owner,
      checkpoint: {
        everyBytes: plan.checkpointBytes,
        everyMs: checkpointEveryMs,
        last: part.lastCheckpoint as FilesCheckpoint | null,
        save: (doneBytes, checkpoint) => part.saveCheckpoint(doneBytes, checkpoint),
      },
      nowMs: () => context.ports.now().getTime(),
      signal,
      failpoint: async (name) => context.failpoint(name),
    });
    return { ...result, captured: textOfCaptured(captured), stretches: 1 };
  });
}
