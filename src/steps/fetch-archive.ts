import {
  type ArchiveCheckpoint,
  type EntryPlacement,
  type ExpectedFile,
  type FileMismatch,
  restoreArchive,
  type TarEntry,
} from '../archive/restore-archive.ts';
import type { ArchiveObject } from '../backup/base-backup.ts';
import { readObject } from '../storage/object-reader.ts';
import type { Tree } from '../target/tree.ts';
import type { StepContext } from './step.ts';

export interface FetchedArchive {
  readonly files: number;
  readonly outputBytes: number;
  /** Small files that the placement asked to capture, as text. */
  readonly captured: Readonly<Record<string, string>>;
  /** Files that `expected` knew, and those that are not as expected. */
  readonly checkedFiles: number;
  readonly mismatches: readonly FileMismatch[];
}

/** Time after which a checkpoint is due even when little was written (a slow network). */
const checkpointEveryMs = 10_000;

/**
 * One archive from the bucket into a tree, as a part of its step: completed once; killed in between, it goes on
 * from its last checkpoint with a ranged read pinned to the planned ETag.
 */
export async function fetchArchive(
  context: StepContext,
  options: {
    archive: ArchiveObject;
    tree: Tree;
    signal: AbortSignal;
    place: (entry: TarEntry) => EntryPlacement;
    expected?: (entry: TarEntry) => ExpectedFile | null;
    onProgress: (compressedBytes: number) => void;
  },
): Promise<FetchedArchive> {
  const { archive } = options;
  const { storage } = await context.ports.source();
  return context.part(archive.name, { key: archive.key, etag: archive.etag }, async (part) => {
    const result = await restoreArchive({
      name: archive.name,
      codec: archive.codec,
      sizeBytes: archive.sizeBytes,
      bytes: (from) =>
        readObject(storage, archive, {
          from,
          signal: options.signal,
          onRetry: ({ error }) =>
            context.notice('warning', `Reading ${archive.name} again after a failure: ${error.message}`),
        }),
      tree: options.tree,
      place: options.place,
      ...(options.expected === undefined ? {} : { expected: options.expected }),
      checkpoint: {
        everyBytes: context.plan().checkpointBytes,
        everyMs: checkpointEveryMs,
        last: part.lastCheckpoint as ArchiveCheckpoint | null,
        save: (checkpoint) => part.saveCheckpoint(checkpoint.compressedOffset, checkpoint),
      },
      onProgress: (progress) => options.onProgress(progress.compressedBytes),
      nowMs: () => context.ports.now().getTime(),
      signal: options.signal,
      failpoint: async (name) => context.failpoint(name),
    });
    return {
      files: result.files,
      outputBytes: result.outputBytes,
      checkedFiles: result.checkedFiles,
      mismatches: result.mismatches,
      captured: Object.fromEntries(
        Object.entries(result.captured).map(([name, bytes]) => [name, Buffer.from(bytes).toString('utf8')]),
      ),
    };
  });
}
