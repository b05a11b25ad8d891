import { addFindings, noFindings, type PageFindings, storedFindings } from '../archive/page-findings.ts';
import {
  type ArchiveCheckpoint,
  type FileMismatch,
  type RestoreArchiveOptions,
  type RestoredArchive,
  restoreArchive,
} from '../archive/restore-archive.ts';
import { type Stretch, seekIndexVersion } from '../archive/seek-index.ts';
import type { TrailEntry } from '../archive/seek-trail.ts';
import type { ArchiveObject } from '../backup/base-backup.ts';
import { errorCode, OdoError } from '../errors/odo-error.ts';
import { toErrorData } from '../errors/serialize.ts';
import { inParallel } from './in-parallel.ts';
import { publishIndex } from './published-index.ts';
import type { PartContext, StepContext } from './step.ts';
import { planStretches, type StretchOptions } from './stretches.ts';

export interface FetchedArchive {
  readonly files: number;
  readonly outputBytes: number;
  /** Small files that the placement asked to capture, as text. */
  readonly captured: Readonly<Record<string, string>>;
  /** Files that `expected` knew, and those that are not as expected. */
  readonly checkedFiles: number;
  readonly mismatches: readonly FileMismatch[];
  readonly pageFindings: PageFindings;
  /** How many parts it was restored in, side by side; 1 without a seek index. */
  readonly stretches: number;
}

export interface FetchArchiveOptions extends StretchOptions {
  readonly pages?: RestoreArchiveOptions['pages'];
  readonly admit?: RestoreArchiveOptions['admit'];
  /** No seek index is used or made. @default false */
  readonly inOnePiece?: boolean;
  readonly onProgress: (compressedBytes: number) => void;
}

/** Time after which a checkpoint is due even when little was written (a slow network). */
export const checkpointEveryMs = 10_000;

/** Of this size files take about as long to make as gzip takes to decode them. @unit bytes */
const smallFileBytes = 64 * 1024;

/**
 * One archive from the bucket into a tree, as a part of its step: completed once; killed in between, it goes on from
 * its last checkpoint with ranged reads pinned to the planned ETag. When an earlier restore has left a seek index of
 * the object, stretches of it are restored side by side, each a part with checkpoints of its own.
 */
export async function fetchArchive(
  context: StepContext,
  options: FetchArchiveOptions,
): Promise<FetchedArchive> {
  const { archive } = options;
  return context.part(archive.name, { key: archive.key, etag: archive.etag }, async (part) => {
    const stretches = options.inOnePiece === true ? [] : await planStretches(context, options);
    return stretches.length > 1
      ? fetchStretches(context, options, stretches)
      : fetched(await fetchWhole(context, options, part));
  });
}

async function fetchWhole(
  context: StepContext,
  options: FetchArchiveOptions,
  part: PartContext,
): Promise<RestoredArchive> {
  const { archive } = options;
  const { storage } = await context.ports.source();
  const result = await restoreArchive({
    ...(await commonOptions(context, options)),
    checkpoint: checkpointing(context, part),
    index: options.inOnePiece === true ? null : { earlier: part.trail() as TrailEntry[] },
    onProgress: (progress) => options.onProgress(progress.compressedBytes),
  });
  if (options.inOnePiece === true) return result;
  const trail = [...(part.trail() as TrailEntry[]), ...(result.trail === null ? [] : [result.trail])];
  const points = trail.flatMap((entry) => entry.points);
  const isUsable = points.length > 0 && archive.etag !== '' && trail.every((entry) => entry.allDistinct);
  const isUseful = isUsable && !isBoundByFiles(archive, result);
  const { etag, sizeBytes } = archive;
  const index = isUseful ? { formatVersion: seekIndexVersion, etag, sizeBytes, points } : null;
  part.saveSeekIndex({ store: storage.description, key: archive.key }, index);
  if (index !== null && context.plan().publishIndex) {
    await publishIndex(storage, archive, index, options.signal).catch((error: unknown) => {
      options.signal.throwIfAborted();
      const { message, hint } = toErrorData(error);
      const why = hint === undefined ? message : `${message} ${hint}`;
      context.notice('warning', `The seek index of ${archive.name} could not be published: ${why}`);
    });
  }
  return result;
}

/**
 * Whether it takes longer to make the files than to decode them: several decoders then only stand in each other's way
 * (measured with 50,000 files of 8 to 16 KiB).
 */
function isBoundByFiles({ codec }: ArchiveObject, { files, outputBytes }: RestoredArchive): boolean {
  return codec !== 'bzip2' && codec !== 'xz' && outputBytes < files * smallFileBytes;
}

async function fetchStretches(
  context: StepContext,
  options: FetchArchiveOptions,
  stretches: readonly Stretch[],
): Promise<FetchedArchive> {
  const { archive } = options;
  const results: FetchedArchive[] = [];
  const doneBytes = stretches.map(() => 0);
  await inParallel(
    [...stretches.entries()],
    context.plan().jobs,
    options.signal,
    async ([i, stretch], signal) => {
      const from = stretch.start?.decoder.compressedBytes ?? 0;
      const lengthBytes = (stretch.end?.decoder.compressedBytes ?? archive.sizeBytes) - from;
      const progress = (bytes: number) => {
        doneBytes[i] = bytes;
        options.onProgress(doneBytes.reduce((sum, one) => sum + one, 0));
      };
      results[i] = await context.part(`${archive.name}#${i + 1}`, { from, lengthBytes }, async (part) => {
        const result = await restoreArchive({
          ...(await commonOptions(context, { ...options, signal })),
          stretch,
          checkpoint: checkpointing(context, part, from),
          onProgress: ({ compressedBytes }) => progress(compressedBytes - from),
        }).catch(async (error: unknown) => {
          if (errorCode(error) !== 'INDEX_MISMATCH') throw error;
          throw await unusableIndex(context, archive, error);
        });
        // For `odo status`: the part may have been shorter than the way to a checkpoint.
        await part.saveCheckpoint(lengthBytes, null);
        return fetched(result);
      });
      progress(lengthBytes);
    },
  );
  return {
    files: sum(results, (result) => result.files),
    outputBytes: Math.max(...results.map((result) => result.outputBytes)),
    captured: Object.assign({}, ...results.map((result) => result.captured)),
    checkedFiles: sum(results, (result) => result.checkedFiles),
    mismatches: results.flatMap((result) => result.mismatches),
    pageFindings: results
      .map((result) => storedFindings(result.pageFindings))
      .reduce(addFindings, noFindings),
    stretches: stretches.length,
  };
}

const sum = (results: readonly FetchedArchive[], of: (result: FetchedArchive) => number): number =>
  results.reduce((total, result) => total + of(result), 0);

/** Gone for good: the next restore of the object makes another one. */
async function unusableIndex(
  context: StepContext,
  archive: ArchiveObject,
  cause: unknown,
): Promise<OdoError> {
  const { storage } = await context.ports.source();
  context.removeSeekIndex({ store: storage.description, key: archive.key });
  return new OdoError('INDEX_MISMATCH', `The seek index of ${archive.name} does not fit the object.`, {
    hint: `odo has removed it. Restore the base backup from its beginning: odo resume ${context.runId} --redo restoreBase`,
    details: { key: archive.key },
    cause,
  });
}

async function commonOptions(context: StepContext, options: FetchArchiveOptions) {
  const { archive } = options;
  const { storage } = await context.ports.source();
  return {
    name: archive.name,
    codec: archive.codec,
    dialect: archive.dialect,
    object: archive,
    decoders: context.ports.decoders(context.plan()),
    source: {
      locate: (range, signal) => storage.locate(archive, range, signal),
      onRetry: ({ error }) =>
        context.notice('warning', `Reading ${archive.name} again after a failure: ${error.message}`),
    },
    tree: options.tree,
    place: options.place,
    durable: context.plan().sync,
    owner: context.plan().owner,
    ...(options.expected === undefined ? {} : { expected: options.expected }),
    ...(options.admit === undefined ? {} : { admit: options.admit }),
    ...(options.pages === undefined ? {} : { pages: options.pages }),
    nowMs: () => context.ports.now().getTime(),
    signal: options.signal,
    failpoint: async (name) => context.failpoint(name),
  } satisfies Partial<RestoreArchiveOptions>;
}

/** `from`: where the part begins in the object. */
function checkpointing(
  context: StepContext,
  part: PartContext,
  from = 0,
): RestoreArchiveOptions['checkpoint'] {
  return {
    everyBytes: context.plan().checkpointBytes,
    everyMs: checkpointEveryMs,
    last: part.lastCheckpoint as ArchiveCheckpoint | null,
    save: (checkpoint, trail) => part.saveCheckpoint(checkpoint.compressedOffset - from, checkpoint, trail),
  };
}

const fetched = (result: RestoredArchive): FetchedArchive => ({
  files: result.files,
  outputBytes: result.outputBytes,
  checkedFiles: result.checkedFiles,
  mismatches: result.mismatches,
  pageFindings: result.pageFindings,
  stretches: 1,
  captured: textOfCaptured(result.captured),
});

export const textOfCaptured = (captured: RestoredArchive['captured']): FetchedArchive['captured'] =>
  Object.fromEntries(
    Object.entries(captured).map(([name, bytes]) => [name, Buffer.from(bytes).toString('utf8')]),
  );
