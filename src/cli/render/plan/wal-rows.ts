import type { RestorePlan } from '../../../steps/restore-plan.ts';
import { formatBytes } from '../../../steps/units.ts';
import type { Row } from './row.ts';

/** The WAL that is read behind the backup. */
export const walRows = ({ contents }: RestorePlan): Row[] => [['WAL', walText(contents.wal)]];

export function walText(wal: RestorePlan['contents']['wal']): string {
  if (wal === null) return 'unknown';
  const range = `${wal.beginSegment} to ${wal.lastSegment}, timeline ${wal.timeline}, consistent at ${wal.consistentSegment}`;
  if (wal.source === 'backup') return `inside the backup: ${range}`;
  const bytes = wal.objects.reduce((sum, object) => sum + object.sizeBytes, 0);
  const segments = wal.objects.filter((object) => !object.name.endsWith('.history')).length;
  const histories = wal.objects.length - segments;
  const historyText =
    histories === 0 ? '' : ` and ${histories} history ${histories === 1 ? 'file' : 'files'}`;
  const counts = `${segments} segments${historyText}, ${formatBytes(bytes)} stored`;
  return `${counts}: ${range}`;
}
