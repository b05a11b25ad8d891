import { parseLsn } from '../postgres/lsn.ts';
import { parseSegmentName, segmentStart } from '../postgres/wal-segment.ts';
import { recoveryOf } from './planned-recovery.ts';
import type { RestorePlan } from './restore-plan.ts';

/** Where a replay goes, for its progress. */
export interface ReplayEnd {
  readonly lsn: bigint;
  /** Of the last transaction before it; null when not known. */
  readonly time: string | null;
}

/** Null when the plan knows no WAL. Without a proof it is the end of the last segment, which may not be full. */
export function replayEnd(plan: RestorePlan, aim: 'consistency' | 'target'): ReplayEnd | null {
  const { backup, wal } = plan.contents;
  const { stop, proof } = recoveryOf(plan);
  if (aim === 'consistency' || stop.kind === 'immediate') {
    if (backup.endLsn !== null) return { lsn: parseLsn(backup.endLsn), time: null };
    return wal === null ? null : endOfSegment(wal.consistentSegment, wal.segmentBytes);
  }
  if (proof?.stop) return { lsn: parseLsn(proof.stop.lsn), time: proof.stop.time };
  if (stop.kind === 'lsn' && proof === null) return { lsn: parseLsn(stop.lsn), time: null };
  if (proof !== null) return { lsn: parseLsn(proof.toLsn), time: proof.lastCommit?.time ?? null };
  return wal === null ? null : endOfSegment(wal.lastSegment, wal.segmentBytes);
}

function endOfSegment(name: string, segmentBytes: number): ReplayEnd | null {
  const segment = parseSegmentName(name, segmentBytes);
  return segment && { lsn: segmentStart(segment.number + 1, segmentBytes), time: null };
}
