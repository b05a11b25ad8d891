import { formatLsn } from '../../postgres/lsn.ts';
import { parseSegmentName, segmentStart } from '../../postgres/wal-segment.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import { formatBytes } from '../../steps/units.ts';
import type { Row } from './row.ts';

type Wal = RestorePlan['contents']['wal'];

/** The WAL that is read behind the backup: from where to where, and how much. */
export function walRows({ contents, recovery }: RestorePlan): Row[] {
  const { wal, backup } = contents;
  if (wal === null) return [['WAL', walText(wal)]];
  const end = endLsnOf(wal);
  const from = recovery?.proof?.fromLsn ?? backup.beginLsn;
  const to = recovery?.proof?.toLsn ?? (end === null ? null : `${end} at most`);
  return [
    ['WAL', walText(wal)],
    ...(from === null || to === null ? [] : [['', `from ${from} to ${to}`] satisfies Row]),
  ];
}

/** Where the last segment ends. */
function endLsnOf({ lastSegment, segmentBytes }: NonNullable<Wal>): string | null {
  const segment = parseSegmentName(lastSegment, segmentBytes);
  return segment === null ? null : formatLsn(segmentStart(segment.number + 1, segmentBytes));
}

export function walText(wal: Wal): string {
  if (wal === null) return 'unknown';
  const range = `${wal.beginSegment} to ${wal.lastSegment}, timeline ${wal.timeline}, consistent at ${wal.consistentSegment}`;
  if (wal.source === 'backup') return `inside the backup: ${range}`;
  const bytes = wal.objects.reduce((sum, object) => sum + object.sizeBytes, 0);
  const segments = wal.objects.filter((object) => !object.name.endsWith('.history')).length;
  const histories = wal.objects.length - segments;
  const historyText =
    histories === 0 ? '' : ` and ${histories} history ${histories === 1 ? 'file' : 'files'}`;
  const counts = `${segments} segments${historyText}, ${formatBytes(bytes)} stored, ${formatBytes(segments * wal.segmentBytes)} decoded`;
  return `${counts}: ${range}`;
}
