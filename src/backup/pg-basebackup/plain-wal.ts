import { longPageHeaderBytes, parseLongPageHeader } from '../../postgres/wal-page.ts';
import { isWalSegmentName } from '../../postgres/wal-segment.ts';
import { readBytes } from '../../storage/object-reader.ts';
import type { ObjectStorage, StoredObject } from '../../storage/object-storage.ts';
import { problem } from '../problem.ts';
import { type FoundBackup, needsArchive, type PlannedWal, planOfSegments } from './segments-plan.ts';

/** The WAL of a plain backup is in its pg_wal, unless it was made with `-X none`. */
export async function planPlainWal(
  storage: ObjectStorage,
  found: FoundBackup,
  files: ReadonlyMap<string, StoredObject>,
  signal: AbortSignal,
): Promise<PlannedWal> {
  const segments = [...files]
    .map(([path, object]) => ({ name: path.replace(/^pg_wal\//, ''), object }))
    .filter(({ name, object }) => isWalSegmentName(name) && object.sizeBytes > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { backup, label } = found;
  const first = segments.find(({ name }) => name === label.startSegment);
  if (first === undefined) {
    const missing = problem(
      'WAL_MISSING',
      `Backup ${backup.id} does not hold its first WAL segment, ${label.startSegment}: ${segments.length === 0 ? 'pg_wal is empty (pg_basebackup -X none)' : `pg_wal begins with ${segments[0]?.name}`}.`,
      needsArchive(label.startSegment),
      { firstSegment: label.startSegment },
    );
    return { plan: null, serverMajor: null, systemIdentifier: null, problems: [missing], warnings: [] };
  }
  const head = await readBytes(storage, first.object, { from: 0, to: longPageHeaderBytes }, signal);
  const header = parseLongPageHeader(head);
  const whole = segments.filter(
    ({ object }) => object.sizeBytes === (header?.segmentBytes ?? object.sizeBytes),
  );
  const scan = { header, segments: whole.map(({ name }) => name), scannedToEnd: true };
  return planOfSegments(found, scan, 'pg_wal');
}
