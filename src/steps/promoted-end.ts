import { OdoError } from '../errors/odo-error.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { parseTimelineHistory } from '../postgres/timeline-history.ts';
import { historyFileName, parseSegmentName, segmentStart } from '../postgres/wal-segment.ts';
import type { Tree } from '../target/tree.ts';
import type { RestorePlan } from './restore-plan.ts';

/**
 * Where recovery ended, from the history file of the timeline it opened. It must lie in the last planned segment
 * or behind it; PostgreSQL promotes without a word when a segment before that one is broken.
 */
export async function checkPromotedEnd(tree: Tree, plan: RestorePlan, timeline: number): Promise<string> {
  const { wal } = plan.contents;
  const name = historyFileName(timeline);
  const history = await tree.readFile(`pg_wal/${name}`, 1024 * 1024);
  const end =
    history === null
      ? undefined
      : parseTimelineHistory(Buffer.from(history).toString('utf8'), timeline).at(-1)?.switchLsn;
  const last = wal === null ? null : parseSegmentName(wal.lastSegment, wal.segmentBytes);
  if (end === undefined || wal === null || last === null) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `The promoted database has no timeline history ${name}, so where recovery ended cannot be proven.`,
      { hint: 'The service was not started. Start a new run.' },
    );
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
