import type { EntryPlacement, ExpectedFile, TarEntry } from '../archive/restore-archive.ts';
import { type SeekPoint, type Stretch, stretchesOf, usableIndex } from '../archive/seek-index.ts';
import { makeSharedFiles } from '../archive/shared-files.ts';
import type { ArchiveObject } from '../backup/base-backup.ts';
import type { Tree } from '../target/tree.ts';
import { readPublishedIndex } from './published-index.ts';
import type { StepContext } from './step.ts';

/** A shorter stretch is not worth a thread of its own. @unit compressed bytes */
const leastStretchBytes = 8 * 1024 * 1024;

/** For each worker, so that none is idle for long while the others finish. */
const stretchesEachJob = 4;

export interface StretchOptions {
  readonly archive: ArchiveObject;
  readonly tree: Tree;
  readonly signal: AbortSignal;
  readonly place: (entry: TarEntry) => EntryPlacement;
  readonly expected?: (entry: TarEntry) => ExpectedFile | null;
}

/**
 * How an archive is cut for several decoders, decided once for a run; one stretch or none: it is read in one piece.
 * Files that reach over a cut exist in full size when this resolves, because two stretches write to them.
 */
export async function planStretches(
  context: StepContext,
  options: StretchOptions,
): Promise<readonly Stretch[]> {
  const { archive, tree } = options;
  return context.part(`${archive.name}#`, { key: archive.key, etag: archive.etag }, async () => {
    const { jobs } = context.plan();
    // The engine's writer cannot write the rest of a file that another one began.
    if (jobs === 1 || tree.localPath === null) return [];
    const { storage } = await context.ports.source();
    const index =
      usableIndex(context.findSeekIndex({ store: storage.description, key: archive.key }), archive) ??
      usableIndex(await readPublishedIndex(storage, archive, options.signal), archive);
    if (index === null) return [];
    const usable = index.points.filter((point) => canBegin(point, options));
    const count = Math.min(jobs * stretchesEachJob, Math.floor(archive.sizeBytes / leastStretchBytes));
    const stretches = count < 2 ? [] : stretchesOf(usable, archive.sizeBytes, count);
    if (stretches.length > 1) await makeSharedFiles(stretches, { ...options, durable: context.plan().sync });
    return stretches;
  });
}

/** In a file that is kept in memory, or one whose checksum cannot be taken up, nothing can begin. */
function canBegin(point: SeekPoint, { place, expected }: StretchOptions): boolean {
  const { entry } = point.tar;
  if (entry === null) return true;
  const placement = place(entry);
  if (placement.kind !== 'write') return placement.kind === 'skip';
  const algorithm = expected?.(entry)?.algorithm ?? null;
  return algorithm === null || (algorithm === 'CRC32C' && point.fileHash !== null);
}
