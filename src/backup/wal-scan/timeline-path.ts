import { parseLsn } from '../../postgres/lsn.ts';
import { parseTimelineHistory, type TimelineStretch, timelinePath } from '../../postgres/timeline-history.ts';
import { historyFileName } from '../../postgres/wal-segment.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { WalPlan } from '../base-backup.ts';
import { readWholeDecoded } from '../whole-object.ts';

/** The timelines that recovery goes along. Without a history file only the last one is known. */
export async function pathOfPlan(
  wal: WalPlan,
  storage: ObjectStorage,
  signal: AbortSignal,
): Promise<TimelineStretch[]> {
  if (wal.path !== undefined) {
    let begin = 0n;
    return wal.path.map(({ timeline, untilLsn }) => {
      const end = untilLsn === null ? null : parseLsn(untilLsn);
      const stretch = { timeline, begin, end };
      begin = end ?? begin;
      return stretch;
    });
  }
  const object = wal.objects.find(({ name }) => name === historyFileName(wal.timeline));
  if (object === undefined) return timelinePath(wal.timeline, []);
  const text = new TextDecoder().decode(await readWholeDecoded(storage, object, signal));
  return timelinePath(wal.timeline, parseTimelineHistory(text, wal.timeline));
}
