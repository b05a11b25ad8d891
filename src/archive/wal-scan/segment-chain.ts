import type { TimelineStretch } from '../../postgres/timeline-history.ts';
import { walPageBytes } from '../../postgres/wal-page.ts';
import { joinParts, readHeader } from './crossing-record.ts';
import { readEnds, readRestorePoint, setTarget } from './scan-values.ts';
import type {
  RestorePoint,
  ScannedCommit,
  ScanStop,
  ScanTarget,
  SegmentScan,
  TransactionEnds,
  UnfinishedPart,
} from './segment-scan.ts';
import { openWalScan, outcomes, type StopReason, type WalScanModule } from './wal-scan-module.ts';

const pageBytes = BigInt(walPageBytes);

/** Where a chain of segments ends before its target, and why. */
export interface ChainBreak {
  /** `wrong-size`: of the segment; `foreign-timeline`: recovery does not go along that timeline there. */
  readonly reason: StopReason | 'wrong-size' | 'foreign-timeline';
  readonly lsn: bigint;
  /** Where the segment begins in which it was found. */
  readonly startLsn: bigint;
  readonly found: bigint;
  readonly expected: bigint;
  /** In the last segment this is where the server had stopped writing, and no damage. */
  readonly looksLikeEnd: boolean;
}

export interface ChainTarget {
  /** The record that meets it. */
  readonly lsn: bigint;
  /** Nothing behind this is replayed. */
  readonly endLsn: bigint;
}

/** What may be met: `SegmentScan` knows all but the name. */
export type ChainTargetWanted = ScanTarget | { readonly kind: 'name'; readonly name: string };

export interface ChainOptions {
  /** The timelines that recovery goes along. */
  readonly path: readonly TimelineStretch[];
  /** @unit bytes */
  readonly segmentBytes: number;
  readonly serverMajor: number;
  readonly target: ChainTargetWanted | null;
}

/** What lies behind the last record: zeros, or pages of an earlier life of a file that the server used again. */
const reasonsOfEnds: ReadonlySet<StopReason> = new Set<StopReason>([
  'no-record',
  'bad-magic',
  'bad-flags',
  'other-address',
  'older-timeline',
  'no-continuation',
  'other-continuation',
]);

const looksLikeEnd = ({ reason, pageBehind, restIsEmpty }: ScanStop): boolean =>
  reasonsOfEnds.has(reason) && pageBehind === null && (reason !== 'no-record' || restIsEmpty);

type Found = Pick<ChainBreak, 'reason' | 'lsn'> & Partial<ChainBreak>;

/** What segments and records that go over borders have to add. */
type Addition = TransactionEnds &
  Pick<SegmentScan, 'records' | 'lastLsn' | 'endLsn'> & { readonly first: { readonly lsn: bigint } | null };

/**
 * Segments that were read on their own, put one behind the other: links back, records that go over borders, timelines.
 * The first may begin anywhere; from there on every record must follow the one before.
 */
export class SegmentChain implements TransactionEnds {
  readonly #options: ChainOptions;
  readonly #module: WalScanModule;
  #begun = false;
  #carried: UnfinishedPart | null = null;
  #firstLsn: bigint | null = null;
  #lastLsn: bigint | null = null;
  #endLsn: bigint | null = null;
  #target: ChainTarget | null = null;
  #records = 0;
  #commits = 0;
  #aborts = 0;
  #firstCommit: ScannedCommit | null = null;
  #lastCommit: ScannedCommit | null = null;
  #newestTime: bigint | null = null;

  private constructor(options: ChainOptions, module: WalScanModule) {
    this.#options = options;
    this.#module = module;
  }

  static async open(options: ChainOptions): Promise<SegmentChain> {
    return new SegmentChain(options, await openWalScan());
  }

  get firstLsn(): bigint | null {
    return this.#firstLsn;
  }
  /** Of the last valid record. */
  get lastLsn(): bigint | null {
    return this.#lastLsn;
  }
  /** Behind it. */
  get endLsn(): bigint | null {
    return this.#endLsn;
  }
  get records(): number {
    return this.#records;
  }
  get commits(): number {
    return this.#commits;
  }
  get aborts(): number {
    return this.#aborts;
  }
  get firstCommit(): ScannedCommit | null {
    return this.#firstCommit;
  }
  /** Of those that are replayed, when the target is met. */
  get lastCommit(): ScannedCommit | null {
    return this.#lastCommit;
  }
  get newestTime(): bigint | null {
    return this.#newestTime;
  }
  get target(): ChainTarget | null {
    return this.#target;
  }

  /** The next segment. Nothing is to be added any more when this gives a break, or when the target is met. */
  add(startLsn: bigint, scan: SegmentScan): ChainBreak | null {
    const problem = this.#add(startLsn, scan);
    this.#begun = true;
    return problem === null ? null : { found: 0n, expected: 0n, looksLikeEnd: false, ...problem, startLsn };
  }

  #add(startLsn: bigint, scan: SegmentScan): Found | null {
    const { stop } = scan;
    // Nothing of it is read, so it is no unfinished one either.
    if (stop !== null && stop.lsn === startLsn) return stop;
    // The server refuses a file of another size as a whole.
    const { segmentBytes } = this.#options;
    if (scan.sizeBytes !== segmentBytes) {
      const { sizeBytes } = scan;
      const lsn = startLsn + BigInt(Math.min(sizeBytes, segmentBytes));
      return { reason: 'wrong-size', lsn, found: BigInt(sizeBytes), expected: BigInt(segmentBytes) };
    }
    const foreign = foreignTimeline(this.#options.path, scan);
    if (foreign !== null)
      return { reason: 'foreign-timeline', lsn: foreign.lsn, found: BigInt(foreign.timeline) };

    const before = this.#carried;
    this.#carried = null;
    const { continued } = scan;
    if (!scan.overwrites && (before !== null || (continued !== null && this.#begun))) {
      if (continued === null) return { reason: 'no-continuation', lsn: startLsn };
      if (before === null || continued.remainingBytes !== before.remainingBytes)
        return { reason: 'other-continuation', lsn: startLsn };
      const joined = joinParts(before, continued);
      if (joined.remainingBytes > 0) {
        this.#carried = joined;
        if (stop !== null) return { ...stop, looksLikeEnd: looksLikeEnd(stop) };
        return null;
      }
      const taken = this.#takeCrossing(joined, continued.endLsn);
      if (taken !== 'go on') return taken === 'enough' ? null : taken;
    }

    const { first } = scan;
    if (first !== null && this.#lastLsn !== null && first.previous !== this.#lastLsn)
      return { reason: 'bad-previous', lsn: first.lsn, found: first.previous, expected: this.#lastLsn };
    if (this.#passes(scan.restorePoints)) return null;
    this.#count(scan);
    if (scan.target !== null) this.#target = { lsn: scan.target.lsn, endLsn: scan.target.endLsn };
    if (this.#target !== null) return null;
    if (stop !== null && stop.reason !== 'switched') return { ...stop, looksLikeEnd: looksLikeEnd(stop) };
    this.#carried = scan.unfinished;
    return null;
  }

  /** `enough`: the target is met, or the segment holds nothing else, since the record was a switch. */
  #takeCrossing(record: UnfinishedPart, endLsn: bigint): Found | 'go on' | 'enough' {
    const { previous, isIntact } = readHeader(record);
    if (this.#lastLsn !== null && previous !== this.#lastLsn)
      return { reason: 'bad-previous', lsn: record.lsn, found: previous, expected: this.#lastLsn };
    if (!isIntact) return { reason: 'bad-checksum', lsn: record.lsn };
    const { exports, memory } = this.#module;
    const { target, serverMajor } = this.#options;
    exports.begin(0n, 0n, serverMajor, 0);
    setTarget(exports, target?.kind === 'name' ? null : target);
    const kept = record.kept.length > 0 ? record.kept : record.header;
    memory.set(kept, exports.keptAt.value);
    const outcome = outcomes[exports.takeRecord(record.lsn, kept.length)];
    const isReplayed = exports.records.value > 0;
    if (outcome === 'target') this.#target = { lsn: record.lsn, endLsn: isReplayed ? endLsn : record.lsn };
    if (!isReplayed) return 'enough';
    this.#count({
      ...readEnds(exports),
      ...{ records: 1, first: { lsn: record.lsn }, lastLsn: record.lsn, endLsn },
    });
    if (outcome === 'restore-point') this.#passes([{ ...readRestorePoint(this.#module), endLsn }]);
    return this.#target !== null || outcome === 'stopped' ? 'enough' : 'go on';
  }

  /** Whether the wanted restore point is among them. */
  #passes(points: readonly RestorePoint[]): boolean {
    const { target } = this.#options;
    const point = target?.kind === 'name' && points.find(({ name }) => name === target.name);
    if (!point) return false;
    const { lsn, endLsn, lastCommit } = point;
    this.#target = { lsn, endLsn };
    this.#lastLsn = lsn;
    this.#endLsn = endLsn;
    this.#firstLsn ??= lsn;
    this.#lastCommit = lastCommit ?? this.#lastCommit;
    return true;
  }

  #count(addition: Addition): void {
    this.#firstLsn ??= addition.first?.lsn ?? null;
    this.#lastLsn = addition.lastLsn ?? this.#lastLsn;
    this.#endLsn = addition.endLsn ?? this.#endLsn;
    this.#records += addition.records;
    this.#commits += addition.commits;
    this.#aborts += addition.aborts;
    this.#firstCommit ??= addition.firstCommit;
    this.#lastCommit = addition.lastCommit ?? this.#lastCommit;
    const { newestTime } = addition;
    if (newestTime !== null && (this.#newestTime === null || newestTime > this.#newestTime))
      this.#newestTime = newestTime;
  }
}

/** The first page of a timeline that recovery does not go along there. The page of a switch is still the parent's. */
export function foreignTimeline(
  path: readonly TimelineStretch[],
  { timelines, pagesEnd }: Pick<SegmentScan, 'timelines' | 'pagesEnd'>,
): { readonly lsn: bigint; readonly timeline: number } | null {
  for (const [index, one] of timelines.entries()) {
    const lastPage = (timelines[index + 1]?.lsn ?? pagesEnd) - pageBytes;
    const isAllowed = path.some(
      ({ timeline, begin, end }) =>
        timeline === one.timeline && begin < one.lsn + pageBytes && (end === null || lastPage < end),
    );
    if (!isAllowed) return one;
  }
  return null;
}
