import { parseLsn } from '../postgres/lsn.ts';
import { parseLongPageHeader } from '../postgres/wal-page.ts';
import { parseSegmentName, segmentStart } from '../postgres/wal-segment.ts';

/** What a segment must be. */
export interface ExpectedSegment {
  /** Its plain name, 24 hexadecimal digits. */
  readonly name: string;
  /** @unit bytes */
  readonly segmentBytes: number;
  /** Decimal; null: not known, any will do. */
  readonly systemIdentifier: string | null;
  readonly serverMajor: number;
}

/**
 * What is wrong with a WAL segment as far as the long header of its first page tells (access/xlog_internal.h): its
 * cluster, its major, its place and its size are there. `head` holds at least `longPageHeaderBytes`. Null when
 * nothing is; otherwise what it does, to follow its name in a sentence.
 */
export function segmentProblem(head: Uint8Array, expected: ExpectedSegment): string | null {
  const { name, segmentBytes, serverMajor, systemIdentifier } = expected;
  const header = parseLongPageHeader(head);
  if (header === null) return 'does not begin with a WAL page header';
  if (systemIdentifier !== null && header.systemIdentifier !== systemIdentifier) {
    return `belongs to another database cluster (system identifier ${header.systemIdentifier}, the backup's is ${systemIdentifier})`;
  }
  if (header.serverMajor !== null && header.serverMajor !== serverMajor) {
    return `is WAL of PostgreSQL ${header.serverMajor}, not ${serverMajor}`;
  }
  if (header.segmentBytes !== segmentBytes) {
    return `is of a cluster with segments of ${header.segmentBytes} bytes, not ${segmentBytes}`;
  }
  const segment = parseSegmentName(name, segmentBytes);
  if (segment === null || parseLsn(header.pageLsn) !== segmentStart(segment.number, segmentBytes)) {
    return 'holds the WAL of another position';
  }
  // An ancestor's is right: after a switch inside a segment, the child's copy begins with the parent's pages.
  if (header.timeline > segment.timeline) return `holds the WAL of another timeline (${header.timeline})`;
  return null;
}
