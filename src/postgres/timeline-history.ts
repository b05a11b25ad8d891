import { OdoError } from '../errors/odo-error.ts';
import { parseLsn } from './lsn.ts';
import { historyFileName, segmentNumberOf } from './wal-segment.ts';

/** One ancestor: `timeline` was left at `switchLsn`, the first position that belongs to its child. */
export interface TimelineHistoryEntry {
  readonly timeline: number;
  readonly switchLsn: bigint;
  readonly reason: string;
}

/** The stretch of WAL that one timeline contributes: [begin, end); `end` is null for the newest. */
export interface TimelineStretch {
  readonly timeline: number;
  readonly begin: bigint;
  readonly end: bigint | null;
}

const corrupt = (timeline: number, what: string) =>
  new OdoError(
    'FORMAT_UNKNOWN',
    `The timeline history file ${historyFileName(timeline)} cannot be read: ${what}.`,
    {
      hint: 'Fetch the file again from the archive of the server that created the timeline.',
      details: { timeline },
    },
  );

/**
 * All ancestors of `timeline`, oldest first. Same rules as the server (timeline.c, `readTimeLineHistory`): blank
 * lines and `#` comments are skipped, ids rise and stay below the file's own.
 * @throws FORMAT_UNKNOWN
 */
export function parseTimelineHistory(text: string, timeline: number): TimelineHistoryEntry[] {
  const entries: TimelineHistoryEntry[] = [];
  for (const line of text.split('\n')) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const [, id, lsn, reason] =
      /^(\d{1,10})\s+([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})(?:\s(.*))?$/.exec(content) ?? [];
    if (id === undefined || lsn === undefined) {
      // A reason may contain a newline (a restore point's name), whose rest looks like a line of its own.
      if (entries.length > 0 && !/^\d+\s/.test(content)) continue;
      throw corrupt(
        timeline,
        `${JSON.stringify(content.slice(0, 60))} does not name a timeline and a switch point`,
      );
    }
    const parent = Number(id);
    const previous = entries.at(-1)?.timeline ?? 0;
    if (parent <= previous) throw corrupt(timeline, `timeline ${parent} follows timeline ${previous}`);
    if (parent >= timeline) throw corrupt(timeline, `it names timeline ${parent} as an ancestor`);
    entries.push({ timeline: parent, switchLsn: parseLsn(lsn), reason: reason?.trimStart() ?? '' });
  }
  return entries;
}

/** The path that recovery to `timeline` follows from the beginning of the WAL, oldest stretch first. */
export function timelinePath(timeline: number, history: readonly TimelineHistoryEntry[]): TimelineStretch[] {
  const path: TimelineStretch[] = [];
  let begin = 0n;
  for (const entry of history) {
    path.push({ timeline: entry.timeline, begin, end: entry.switchLsn });
    begin = entry.switchLsn;
  }
  path.push({ timeline, begin, end: null });
  return path;
}

/**
 * Whether a server that stands at `lsn` on `timeline` can follow `path`. A checkpoint exactly at the switch point
 * is still on the parent (xlogrecovery.c: "requested timeline is not a child of this server's history").
 */
export function isOnPath(path: readonly TimelineStretch[], timeline: number, lsn: bigint): boolean {
  return path.some(
    (stretch) => stretch.timeline === timeline && (stretch.end === null || lsn <= stretch.end),
  );
}

/**
 * Timelines whose copy of a segment the server would accept, best first: it tries the newest whose first segment
 * is not after this one, then its ancestors (xlogrecovery.c, `XLogFileReadAnyTLI`).
 */
export function timelinesForSegment(
  path: readonly TimelineStretch[],
  number: number,
  segmentBytes: number,
): number[] {
  return path
    .filter((stretch) => segmentNumberOf(stretch.begin, segmentBytes) <= number)
    .map((stretch) => stretch.timeline)
    .reverse();
}

/**
 * The one timeline a segment must come from: the newest stretch that begins in it or before. Accepting an
 * ancestor's copy here would replay past the fork (the server does that silently when the child's is missing).
 */
export function timelineOfSegment(
  path: readonly TimelineStretch[],
  number: number,
  segmentBytes: number,
): number {
  const [newest] = timelinesForSegment(path, number, segmentBytes);
  return newest ?? path[0]?.timeline ?? 1;
}
