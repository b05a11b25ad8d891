import type { TargetTimeline } from '../postgres/recovery-target.ts';
import type { TimelineStretch } from '../postgres/timeline-history.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { WalPlace } from './backup-format.ts';
import type { BaseBackup } from './base-backup.ts';
import { pathTo } from './choose-timeline.ts';
import { findOuterArchive } from './pg-basebackup/outer-wal.ts';
import { readHistoryFiles } from './wal-inventory.ts';

/**
 * How each backup's archive says that a timeline is reached. Only a number needs it before a backup is chosen; nothing
 * is read for the other two. Null where the archive has no history of it.
 */
export async function readTargetPaths(
  storage: ObjectStorage,
  backups: readonly BaseBackup[],
  timeline: TargetTimeline,
  outer: WalPlace | null,
  signal: AbortSignal,
): Promise<(backup: BaseBackup) => readonly TimelineStretch[] | null> {
  const paths = new Map<string | null, readonly TimelineStretch[]>();
  if (typeof timeline === 'number' && timeline > 1) {
    const read = async (place: ObjectStorage, walFolder: string, key: string | null) => {
      const { files } = await readHistoryFiles(place, walFolder, [timeline], signal);
      if (files.length > 0) paths.set(key, pathTo(timeline, { files }));
    };
    for (const folder of new Set(backups.map(({ walFolder }) => walFolder)))
      if (folder !== null) await read(storage, folder, folder);
    const archive = outer === null ? null : await findOuterArchive(outer, signal);
    if (outer !== null && archive !== null && !('code' in archive))
      await read(outer.storage, archive.walFolder, null);
  }
  return ({ walFolder }) => paths.get(walFolder) ?? null;
}
