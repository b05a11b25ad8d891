import { parseLsn } from '../postgres/lsn.ts';
import { parseSegmentName, segmentNumberOf } from '../postgres/wal-segment.ts';
import type { WalPlan } from './base-backup.ts';

/**
 * The plan without the WAL behind a position at which recovery stops, for which the records have been read: its
 * segment and the next one are kept, into which the record at the position may reach. Never less than what makes the
 * backup consistent; history files stay.
 */
export function walUpTo(plan: WalPlan, lsn: string): WalPlan {
  const numberOf = (name: string): number | null => parseSegmentName(name, plan.segmentBytes)?.number ?? null;
  const stop = segmentNumberOf(parseLsn(lsn), plan.segmentBytes) + 1;
  const last = Math.max(stop, numberOf(plan.consistentSegment) ?? stop);
  const objects = plan.objects.filter(({ name }) => (numberOf(name) ?? 0) <= last);
  const segments = objects.filter(({ name }) => numberOf(name) !== null);
  return { ...plan, objects, lastSegment: segments.at(-1)?.name ?? plan.lastSegment };
}
