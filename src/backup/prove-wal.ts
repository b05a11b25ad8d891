import { type ChainBreak, foreignTimeline, SegmentChain } from '../archive/wal-scan/segment-chain.ts';
import type { ScannedCommit, SegmentScan } from '../archive/wal-scan/segment-scan.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import { formatLsn, parseLsn } from '../postgres/lsn.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { fromServerClock } from '../postgres/server-clock.ts';
import type { TimelineStretch } from '../postgres/timeline-history.ts';
import { formatMicros } from '../postgres/timestamp.ts';
import { longPageHeaderBytes, walPageBytes } from '../postgres/wal-page.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { BaseBackup, WalPlan } from './base-backup.ts';
import type { WalCommit, WalProof } from './wal-proof.ts';
import { breakText } from './wal-scan/break-text.ts';
import { type ScanResult, scanInOrder } from './wal-scan/scan-in-order.ts';
import { needsRecords, type PlannedScan, planScan, wantedBy } from './wal-scan/scan-jobs.ts';
import { pathOfPlan } from './wal-scan/timeline-path.ts';
import { beforeTheBackupsEnd, behindTheEnd, brokenWay, type Reach } from './wal-scan/unreachable.ts';

export interface ProveWalOptions {
  readonly storage: ObjectStorage;
  /** The most to ask for at once. @unit bytes */
  readonly rangeBytes: number;
  readonly backup: BaseBackup;
  readonly serverMajor: number;
  /** `source` is `archive`. */
  readonly wal: WalPlan;
  readonly target: RecoveryTarget;
  readonly check: 'records' | 'ends';
  /** Segments that are read at the same time. */
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, segment: string) => void;
}

/** Where recovery will get to, or why it cannot get to its target. */
export interface WalReach {
  readonly proof: WalProof;
  /** What the server is told to stop at: for a restore to the end, the last valid record. */
  readonly stop: RecoveryTarget;
  readonly problem: ErrorData | null;
}

/** Positions with their times that a proof keeps at most. */
const mostTimes = 400;

/**
 * Reads the archived WAL of a backup up to the target, record by record, and says whether the server will get there.
 * The server itself takes a hole, a damaged record or a foreign segment behind the consistency point for the end of the WAL
 * (xlogrecovery.c, ReadRecord) and promotes; with the last valid record as its target it refuses to.
 * @throws what reading the store ends with; the signal's reason
 */
export async function proveWal(options: ProveWalOptions): Promise<WalReach> {
  const { storage, wal, backup, serverMajor, signal } = options;
  if (wal.source !== 'archive') throw new OdoError('BUG', 'Only archived WAL can be read beforehand.');
  const walk = await Walk.begin(options, await pathOfPlan(wal, storage, signal), serverMajor);
  const jobs = walk.scans.map(({ job }) => job);
  await scanInOrder(jobs, options, (index, result) => {
    const { object } = walk.scans[index] ?? {};
    const answer = walk.take(index, result);
    options.onProgress?.(index + 1, jobs.length, object?.name ?? '');
    return answer;
  });
  return walk.outcome(backup);
}

class Walk {
  readonly scans: readonly PlannedScan[];
  readonly #options: ProveWalOptions;
  readonly #path: readonly TimelineStretch[];
  /** The first takes the segments from the backup's beginning on; the second, where segments were left out, the last ones. */
  readonly #chains: readonly SegmentChain[];
  #chain: SegmentChain;
  #taken = 0;
  #broken: { readonly at: ChainBreak | null; readonly what: string; readonly details: object } | null = null;
  #times: (readonly [lsn: bigint, time: bigint])[] = [];
  #restorePoints: string[] = [];

  private constructor(
    options: ProveWalOptions,
    path: readonly TimelineStretch[],
    scans: readonly PlannedScan[],
    chains: readonly [SegmentChain, SegmentChain],
  ) {
    this.#options = options;
    this.#path = path;
    this.scans = scans;
    this.#chains = chains;
    this.#chain = chains[0];
  }

  static async begin(
    options: ProveWalOptions,
    path: readonly TimelineStretch[],
    serverMajor: number,
  ): Promise<Walk> {
    const { wal, target, check, backup, rangeBytes } = options;
    const wanted = wantedBy(target, backup.endLsn);
    const { beginLsn, systemIdentifier } = backup;
    const scans = planScan({
      ...{ wal, target, wanted, check, beginLsn, serverMajor, systemIdentifier, rangeBytes },
    });
    const chainOptions = { path, segmentBytes: wal.segmentBytes, serverMajor, target: wanted };
    const chains = [await SegmentChain.open(chainOptions), await SegmentChain.open(chainOptions)] as const;
    return new Walk(options, path, scans, chains);
  }

  /** The next segment. */
  take(index: number, result: ScanResult): 'more' | 'enough' {
    const planned = this.scans[index];
    if (planned === undefined) throw new OdoError('BUG', `There is no segment ${index}.`);
    const { object, startLsn, job } = planned;
    const place = { segment: object.name, key: object.key };
    if ('unreadable' in result) {
      const { message } = result.unreadable;
      this.#broken = {
        at: null,
        what: `WAL segment ${object.name} cannot be read: ${message.replace(/\.$/, '')}`,
        details: { ...place, reason: 'unreadable', lsn: formatLsn(startLsn) },
      };
      return 'enough';
    }
    const broken = job.onlyFirstPage
      ? this.#lookAtFirstPage(startLsn, result)
      : this.#chain.add(startLsn, result);
    this.#taken += 1;
    if (broken !== null) {
      const before = broken.lsn < startLsn ? `, or ${this.scans[index - 1]?.object.key},` : '';
      this.#broken = {
        at: index === this.scans.length - 1 ? broken : { ...broken, looksLikeEnd: false },
        what: `WAL segment ${object.name} (${object.key})${before} ${breakText(broken)}`,
        details: { ...place, reason: broken.reason, lsn: formatLsn(broken.lsn) },
      };
      if (this.#broken.at?.looksLikeEnd === true) this.#remember(result);
      return 'enough';
    }
    this.#remember(result);
    return this.#chain.target === null ? 'more' : 'enough';
  }

  /** Its records are left out: the next ones that are read begin anew. */
  #lookAtFirstPage(startLsn: bigint, scan: SegmentScan): ChainBreak | null {
    this.#chain = this.#chains[1] ?? this.#chain;
    const { stop } = scan;
    if (stop !== null && stop.lsn === startLsn) return { ...stop, startLsn, looksLikeEnd: false };
    const foreign = foreignTimeline(this.#path, scan);
    if (foreign === null) return null;
    const { lsn, timeline } = foreign;
    const found = BigInt(timeline);
    return { reason: 'foreign-timeline', lsn, startLsn, found, expected: 0n, looksLikeEnd: false };
  }

  #remember({ lastCommit, restorePoints }: SegmentScan): void {
    if (lastCommit !== null) this.#times.push([lastCommit.lsn, lastCommit.time]);
    if (this.#times.length > 2 * mostTimes) this.#times = this.#times.filter((_, index) => index % 2 === 0);
    this.#restorePoints = [...this.#restorePoints, ...restorePoints.map(({ name }) => name)].slice(-8);
  }

  outcome(backup: BaseBackup): WalReach {
    const { target, check } = this.#options;
    const [begin] = this.#chains;
    const chain = this.#chain;
    const lastCommit = chain.lastCommit ?? begin?.lastCommit ?? null;
    const lastLsn = chain.lastLsn ?? begin?.lastLsn ?? null;
    const endLsn = chain.endLsn ?? begin?.endLsn ?? null;
    const met = chain.target;
    const reachesEnd = isAtOrBehind(met?.endLsn ?? endLsn, backup.endLsn);
    const reach: Reach = {
      ...{ lastLsn, endLsn, lastCommit },
      newestTime: chain.newestTime ?? begin?.newestTime ?? null,
      restorePoints: this.#restorePoints,
      isConsistent: isAtOrBehind(endLsn, backup.endLsn),
    };
    const proof: WalProof = {
      extent: check === 'ends' && !needsRecords(target) ? 'ends' : 'records',
      fromLsn: backup.beginLsn ?? formatLsn(begin?.firstLsn ?? 0n),
      toLsn: formatLsn(met?.endLsn ?? endLsn ?? 0n),
      segments: this.#taken,
      lastRecordLsn: lastLsn === null ? null : formatLsn(lastLsn),
      lastCommit: lastCommit === null ? null : commitOf(lastCommit),
      stop:
        met === null || target.kind === 'end'
          ? null
          : {
              lsn: formatLsn(met.endLsn),
              time: lastCommit === null ? null : timeOf(lastCommit.time),
              xid: lastCommit === null ? null : String(lastCommit.xid),
            },
      times: this.#keptTimes(),
    };
    const problem = this.#problem(reach, reachesEnd);
    return { proof, stop: this.#stopAt(lastLsn), problem };
  }

  #problem(reach: Reach, reachesBackupsEnd: boolean): ErrorData | null {
    const { target, backup } = this.#options;
    const met = this.#chain.target;
    if (met !== null) {
      if (reachesBackupsEnd) return null;
      return beforeTheBackupsEnd(target, backup, { lsn: met.lsn, lastCommit: reach.lastCommit });
    }
    if (target.kind === 'immediate' && reach.isConsistent) return null;
    if (this.#broken !== null && this.#broken.at?.looksLikeEnd !== true) {
      const { what, details } = this.#broken;
      return brokenWay(target, backup, reach, what, { ...details });
    }
    if (target.kind === 'end' && reach.isConsistent) return null;
    return behindTheEnd(target, backup, reach);
  }

  #stopAt(lastLsn: bigint | null): RecoveryTarget {
    const { target } = this.#options;
    return target.kind === 'end' && lastLsn !== null
      ? { kind: 'lsn', lsn: formatLsn(lastLsn), inclusive: true }
      : target;
  }

  #keptTimes(): (readonly [string, string])[] {
    const every = Math.ceil(this.#times.length / mostTimes);
    return this.#times
      .filter((_, index) => index % every === 0 || index === this.#times.length - 1)
      .map(([lsn, time]) => [formatLsn(lsn), timeOf(time)]);
  }
}

/** A record that ends where its page does ends in front of a header that a position behind it may count in. */
function isAtOrBehind(lsn: bigint | null, wanted: string | null): boolean {
  if (lsn === null) return false;
  if (wanted === null) return true;
  const isBehindPage = lsn % BigInt(walPageBytes) === 0n;
  return lsn + (isBehindPage ? BigInt(longPageHeaderBytes) : 0n) >= parseLsn(wanted);
}

const timeOf = (time: bigint): string => formatMicros(fromServerClock(time));
const commitOf = ({ lsn, time, xid }: ScannedCommit): WalCommit => ({
  lsn: formatLsn(lsn),
  time: timeOf(time),
  xid: String(xid),
});
