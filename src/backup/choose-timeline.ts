import { isOnPath, type TimelineStretch, timelinePath } from '../postgres/timeline-history.ts';
import type { HistoryFile, WalFolder } from './wal-inventory.ts';
import type { BackupRange } from './wal-range.ts';

/** The newest timeline that descends from the backup and has WAL of its own. */
export function chooseTimeline(
  range: Pick<BackupRange, 'timeline' | 'endTimeline'>,
  begin: bigint,
  end: bigint,
  files: readonly HistoryFile[],
  folders: readonly Pick<WalFolder, 'timeline'>[],
): { timeline: number; path: TimelineStretch[]; warnings: string[] } {
  const warnings: string[] = [];
  const newestFirst = files.toSorted((a, b) => b.timeline - a.timeline);
  for (const file of newestFirst) {
    if (file.timeline < range.endTimeline) continue;
    const path = timelinePath(file.timeline, file.entries);
    const descends = isOnPath(path, range.timeline, begin) && isOnPath(path, range.endTimeline, end);
    if (!descends) {
      if (file.timeline > range.timeline) {
        warnings.push(`Timeline ${file.timeline} does not descend from the backup and is left out.`);
      }
      continue;
    }
    if (file.timeline !== range.endTimeline && !folders.some((folder) => folder.timeline === file.timeline)) {
      warnings.push(
        `Timeline ${file.timeline} exists, but none of its WAL is archived; recovery stays on the timeline before it.`,
      );
      continue;
    }
    return { timeline: file.timeline, path, warnings };
  }
  // Without its history file, only the backup's own timeline is known.
  const stretches: TimelineStretch[] = [{ timeline: range.endTimeline, begin: 0n, end: null }];
  return { timeline: range.endTimeline, path: stretches, warnings };
}
