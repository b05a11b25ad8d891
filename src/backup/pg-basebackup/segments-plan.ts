import type { ErrorData } from '../../errors/serialize.ts';
import type { BackupLabel } from '../../postgres/backup-label.ts';
import type { BackupManifest } from '../../postgres/backup-manifest.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import {
  defaultSegmentBytes,
  isSegmentSize,
  lastSegmentNumber,
  segmentName,
  segmentNumberOf,
} from '../../postgres/wal-segment.ts';
import type { BaseBackup, WalPlan } from '../base-backup.ts';
import { problem } from '../problem.ts';
import type { WalTar } from './wal-tar.ts';

export interface PlannedWal {
  readonly plan: WalPlan | null;
  readonly serverMajor: number | null;
  readonly systemIdentifier: string | null;
  readonly problems: readonly ErrorData[];
  readonly warnings: readonly string[];
}

export interface FoundBackup {
  readonly backup: BaseBackup;
  readonly label: BackupLabel;
  readonly manifest: BackupManifest | null;
}

export const noWal: PlannedWal = {
  plan: null,
  serverMajor: null,
  systemIdentifier: null,
  problems: [],
  warnings: [],
};

export const needsArchive = (firstSegment: string): string =>
  `It needs the WAL from ${firstSegment} on: name the archive that has it with --wal-url URL, or choose a backup made with -X stream.`;

/** What recovery reads, from what a look at the WAL beside the data has found; `place` is where that lies. */
export function planOfSegments(
  { backup, label, manifest }: FoundBackup,
  scan: WalTar | null,
  place: string,
): PlannedWal {
  const warnings: string[] = [];
  const segmentBytes = segmentBytesOf(scan, label);
  if (segmentBytes === null)
    warnings.push('The WAL segment size is not recorded early enough; 16 MiB is assumed.');
  const size = segmentBytes ?? defaultSegmentBytes;
  const begin = parseLsn(label.startLsn);
  const range = manifest?.walRanges[0] ?? null;
  const timeline = range?.timeline ?? label.timeline;
  const last =
    range !== null
      ? segmentName({ timeline, number: lastSegmentNumber(begin, parseLsn(range.endLsn), size) }, size)
      : (scan?.segments.toSorted().at(-1) ?? label.startSegment);
  const plan: WalPlan = {
    source: 'backup',
    segmentBytes: size,
    timeline,
    beginSegment: label.startSegment,
    consistentSegment: last,
    lastSegment: last,
    objects: [],
  };
  const problems = scan === null ? [] : missingSegments(backup, label, last, size, scan, place);
  const { header } = scan ?? { header: null };
  return {
    plan: problems.length === 0 ? plan : null,
    serverMajor: header?.serverMajor ?? null,
    systemIdentifier: header?.systemIdentifier ?? null,
    problems,
    warnings,
  };
}

/** From the first page, or from the label: only one size puts that position into a segment of that name. */
export function segmentBytesOf(scan: WalTar | null, label: BackupLabel): number | null {
  const stated = scan?.header?.segmentBytes;
  if (stated !== undefined && isSegmentSize(stated)) return stated;
  const begin = parseLsn(label.startLsn);
  const fitting: number[] = [];
  for (let size = 2 ** 20; size <= 2 ** 30; size *= 2) {
    const number = segmentNumberOf(begin, size);
    if (segmentName({ timeline: label.timeline, number }, size) === label.startSegment) fitting.push(size);
  }
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

/** Numbers, since a switch of timeline inside the range changes the names' first eight digits. */
function missingSegments(
  backup: BaseBackup,
  label: BackupLabel,
  last: string,
  segmentBytes: number,
  scan: WalTar,
  place: string,
): ErrorData[] {
  if (!scan.scannedToEnd) return [];
  const present = new Set(scan.segments.map((name) => name.slice(8)));
  const end = last.slice(8);
  let number = segmentNumberOf(parseLsn(label.startLsn), segmentBytes);
  for (; ; number += 1) {
    const name = segmentName({ timeline: label.timeline, number }, segmentBytes);
    if (name.slice(8) > end) return [];
    if (present.has(name.slice(8))) continue;
    return [
      problem(
        'WAL_MISSING',
        `${place} of backup ${backup.id} lacks segment ${name}; it needs the WAL from ${label.startSegment} to ${last}.`,
        'The backup was not finished. Choose another backup: odo backups',
        { missing: name, neededUpTo: last },
      ),
    ];
  }
}
