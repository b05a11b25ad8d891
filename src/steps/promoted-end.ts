import { OdoError } from '../errors/odo-error.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { isReasonOf, type RecoveryTarget, targetText } from '../postgres/recovery-target.ts';
import { parseTimelineHistory, type TimelineHistoryEntry } from '../postgres/timeline-history.ts';
import { historyFileName, parseSegmentName, segmentStart } from '../postgres/wal-segment.ts';
import type { Tree } from '../target/tree.ts';
import { recoveryOf } from './planned-recovery.ts';
import type { RestorePlan } from './restore-plan.ts';

/** Where and why the server left the timeline before this one; null when its history is not there. */
export async function readPromotedEnd(tree: Tree, timeline: number): Promise<TimelineHistoryEntry | null> {
  const history = await tree.readFile(`pg_wal/${historyFileName(timeline)}`, 1024 * 1024);
  if (history === null) return null;
  return parseTimelineHistory(Buffer.from(history).toString('utf8'), timeline).at(-1) ?? null;
}

/**
 * Where recovery ended, from the history file of the timeline it opened. With a target it must be the target that ended
 * it; without one it must have come to the last planned segment: PostgreSQL promotes without a word when a segment
 * before that one is broken.
 */
export async function checkPromotedEnd(
  tree: Tree,
  plan: Pick<RestorePlan, 'contents' | 'recovery'>,
  timeline: number,
  stop: RecoveryTarget = recoveryOf(plan).stop,
): Promise<string> {
  const { wal } = plan.contents;
  const ended = await readPromotedEnd(tree, timeline);
  const last = wal === null ? null : parseSegmentName(wal.lastSegment, wal.segmentBytes);
  if (ended === null || wal === null || last === null) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `The promoted database has no timeline history ${historyFileName(timeline)}, so where recovery ended cannot be proven.`,
      { hint: 'The service was not started. Start a new run.' },
    );
  }
  const end = ended.switchLsn;
  if (stop.kind !== 'end') {
    if (!isReasonOf(stop, ended.reason)) throw endedElsewhere(stop, formatLsn(end), ended.reason);
    return formatLsn(end);
  }
  const expected = segmentStart(last.number, wal.segmentBytes);
  if (end < expected) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `Recovery ended at ${formatLsn(end)}, but the archive goes on to segment ${wal.lastSegment} (from ${formatLsn(expected)}): transactions are missing.`,
      {
        hint: 'A segment before that place is damaged, and the service was not started. Mend the archive and start a new run.',
        details: { endLsn: formatLsn(end), expectedLsn: formatLsn(expected), lastSegment: wal.lastSegment },
      },
    );
  }
  return formatLsn(end);
}

function endedElsewhere(stop: RecoveryTarget, endLsn: string, reason: string): OdoError {
  return new OdoError(
    'VERIFICATION_FAILED',
    `Recovery was to end at ${targetText(stop)}, and ended at ${endLsn} for another reason: ${reason}.`,
    {
      hint: 'The service was not started. Look into the server’s log, and start a new run.',
      details: { target: stop, endLsn, reason },
    },
  );
}
