import type { ChainTargetWanted } from '../../archive/wal-scan/segment-chain.ts';
import type { ScanTarget } from '../../archive/wal-scan/segment-scan.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import type { RecoveryTarget } from '../../postgres/recovery-target.ts';
import { toServerClock } from '../../postgres/server-clock.ts';
import { parseMicros } from '../../postgres/timestamp.ts';
import { parseSegmentName, segmentNumberOf, segmentStart } from '../../postgres/wal-segment.ts';
import type { WalObject, WalPlan } from '../base-backup.ts';
import type { ScanJob } from './messages.ts';

/** Segments at the end that `ends` reads as a whole: the last records may reach over from the one before. */
const wholeAtEnd = 2;

/** What recovery stops at, as the scanner looks for it; null: nothing, all of the WAL is read. */
export function wantedBy(target: RecoveryTarget, endLsn: string | null): ChainTargetWanted | null {
  switch (target.kind) {
    case 'end':
      return null;
    case 'immediate':
      // Whatever begins behind the end of the backup: before it is replayed, the database is consistent.
      return endLsn === null ? null : { kind: 'lsn', value: parseLsn(endLsn), inclusive: false };
    case 'name':
      return target;
    case 'lsn':
      return { kind: 'lsn', value: parseLsn(target.lsn), inclusive: target.inclusive };
    case 'xid':
      return { kind: 'xid', value: BigInt(target.xid), inclusive: target.inclusive };
    case 'time': {
      const micros = parseMicros(target.time);
      return micros === null
        ? null
        : { kind: 'time', value: toServerClock(micros), inclusive: target.inclusive };
    }
  }
}

export interface PlannedScan {
  readonly object: WalObject;
  readonly startLsn: bigint;
  readonly job: ScanJob;
}

/**
 * What is read of each segment, in order. `ends` reads as a whole only those that make the backup consistent and those
 * around the target or the end; of the others it takes the first page. Where a time, a transaction or a restore point lies
 * only records tell, so for these everything is read.
 */
export function planScan(options: {
  readonly wal: WalPlan;
  readonly target: RecoveryTarget;
  readonly wanted: ChainTargetWanted | null;
  readonly check: 'records' | 'ends';
  readonly beginLsn: string | null;
  readonly serverMajor: number;
  readonly systemIdentifier: string | null;
  readonly rangeBytes: number;
}): PlannedScan[] {
  const { wal, target, wanted, beginLsn, serverMajor, systemIdentifier, rangeBytes } = options;
  const { segmentBytes } = wal;
  const numberOf = (name: string) => parseSegmentName(name, segmentBytes)?.number ?? null;
  const consistent = numberOf(wal.consistentSegment) ?? 0;
  const segments = wal.objects
    .flatMap((object) => {
      const number = numberOf(object.name);
      return number === null ? [] : [{ object, number }];
    })
    .sort((a, b) => a.number - b.number)
    .filter(({ number }) => target.kind !== 'immediate' || number <= consistent);
  const first = segments[0]?.number ?? 0;
  const last =
    wanted?.kind === 'lsn' ? segmentNumberOf(wanted.value, segmentBytes) : (segments.at(-1)?.number ?? 0);
  const isWhole = (number: number): boolean =>
    options.check === 'records' || needsRecords(target) || number <= consistent || number > last - wholeAtEnd;
  const from = beginLsn === null ? null : parseLsn(beginLsn);
  const scanned: ScanTarget | null = wanted === null || wanted.kind === 'name' ? null : wanted;
  return segments.map(({ object, number }) => {
    const startLsn = segmentStart(number, segmentBytes);
    const isFirst = number === first && from !== null && segmentNumberOf(from, segmentBytes) === first;
    return {
      object,
      startLsn,
      job: {
        object: { key: object.key, etag: object.etag, sizeBytes: object.sizeBytes },
        request: {
          ...{ startLsn, segmentBytes, serverMajor, systemIdentifier },
          fromLsn: isFirst ? from : null,
          target: scanned,
        },
        onlyFirstPage: !isWhole(number),
        rangeBytes,
      },
    };
  });
}

/** Only records tell where it lies. */
export const needsRecords = ({ kind }: RecoveryTarget): boolean =>
  kind === 'time' || kind === 'xid' || kind === 'name';
