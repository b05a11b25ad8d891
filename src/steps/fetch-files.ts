import type { PageChecksumsOptions } from '../archive/hash/page-checksums.ts';
import type { EntryPlacement, ExpectedFile, TarEntry } from '../archive/restore-archive.ts';
import { type FileObject, type FilesCheckpoint, restoreFiles } from '../archive/restore-files.ts';
import type { FileTree } from '../backup/base-backup.ts';
import type { Tree } from '../target/tree.ts';
import { checkpointEveryMs, type FetchedArchive, textOfCaptured } from './fetch-archive.ts';
import type { StepContext } from './step.ts';

/** Files of one tree that are fetched, synced and journalled together. */
export interface FileBatch {
  /** Unique in the backup, the same at every resume. */
  readonly name: string;
  readonly content: FileTree['content'];
  readonly sizeBytes: number;
  readonly files: readonly FileObject[];
}

/** Enough that a sync is worth it, few enough that a kill costs little and every job has some. */
const batchBytes = 32 * 1024 * 1024;
const batchFiles = 512;

/** A larger file is a batch of its own. Depends on the plan alone, so that a resume finds the same parts. */
export function batchesOf(trees: readonly FileTree[]): FileBatch[] {
  return trees.flatMap((tree) => {
    const batches: { files: FileObject[]; sizeBytes: number }[] = [];
    let open: (typeof batches)[number] | null = null;
    for (const file of tree.files) {
      const one = { ...file, key: tree.folder + file.path };
      if (file.sizeBytes >= batchBytes) {
        batches.push({ files: [one], sizeBytes: file.sizeBytes });
        continue;
      }
      if (open === null || open.files.length === batchFiles || open.sizeBytes + file.sizeBytes > batchBytes) {
        open = { files: [], sizeBytes: 0 };
        batches.push(open);
      }
      open.files.push(one);
      open.sizeBytes += file.sizeBytes;
    }
    return batches.map((batch, index) => ({
      ...batch,
      name: `${tree.name} ${index + 1}/${batches.length}`,
      content: tree.content,
    }));
  });
}

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
