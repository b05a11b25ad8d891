import type { SegmentScan } from '../../archive/wal-scan/segment-scan.ts';
import { errorCode } from '../../errors/odo-error.ts';
import { type ErrorData, toErrorData } from '../../errors/serialize.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { ScanJob } from './messages.ts';
import { ScanThread } from './scan-thread.ts';

/** A segment as it was read, or why it cannot be: what is stored is damaged or nothing that odo can unpack. */
export type ScanResult = SegmentScan | { readonly unreadable: ErrorData };

/**
 * Scans segments on several threads and gives what each holds to `take`, in the order of the jobs, until it has enough.
 * Only a few results wait for their turn, each of them small.
 * @throws what reading ends with (storage); the signal's reason, at once
 */
export async function scanInOrder(
  jobs: readonly ScanJob[],
  options: {
    readonly storage: Pick<ObjectStorage, 'locate'>;
    readonly threads: number;
    readonly signal: AbortSignal;
  },
  take: (index: number, result: ScanResult) => 'more' | 'enough',
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const waiting = new Map<number, ScanResult>();
  let next = 0;
  let taken = 0;
  let isEnough = false;
  let wake = Promise.withResolvers<void>();

  const takeInTurn = () => {
    for (let result = waiting.get(taken); result !== undefined && !isEnough; result = waiting.get(taken)) {
      waiting.delete(taken);
      isEnough = take(taken, result) === 'enough';
      taken += 1;
    }
    wake.resolve();
    wake = Promise.withResolvers();
    if (isEnough) stop.abort();
  };
  const work = async () => {
    const thread = new ScanThread(options.storage, signal);
    try {
      while (!isEnough) {
        const index = next++;
        const job = jobs[index];
        if (job === undefined) return;
        const result = await thread.scan(job).catch(asUnreadable);
        waiting.set(index, result);
        takeInTurn();
        // Whoever is far ahead waits for the slowest.
        while (index - taken > 4 * options.threads && !isEnough && !signal.aborted) await wake.promise;
      }
    } catch (error) {
      if (isEnough) return;
      stop.abort(error);
      wake.resolve();
      throw error;
    } finally {
      await thread.terminate();
    }
  };
  const count = Math.max(1, Math.min(options.threads, jobs.length));
  const ended = await Promise.allSettled(Array.from({ length: count }, work));
  options.signal.throwIfAborted();
  const failure = ended.find((one) => one.status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
}

function asUnreadable(error: unknown): ScanResult {
  const code = errorCode(error);
  if (code !== 'ARCHIVE_CORRUPT' && code !== 'FORMAT_UNKNOWN') throw error;
  return { unreadable: toErrorData(error) };
}
