import type { WalEnd } from '../../backup/backup-wal.ts';
import type { RecoveryWindow, WalGap } from '../../backup/recovery-windows.ts';
import type { BackupSurvey } from '../../backup/survey-backups.ts';
import { indented, labelled, printable } from './text.ts';
import { formatTime } from './units.ts';

const labelWidth = 10;
const shownIds = 6;

/** Which moments the backups and their WAL reach, window by window, with what is missing between them. */
export function windowsText({ windows, gaps }: BackupSurvey, width: number): string[] {
  const ranges = windows.filter(({ kind }) => kind === 'range');
  const points = windows.length - ranges.length;
  const servers = [...new Set([...ranges, ...gaps].map(({ server }) => server))];
  const windowLines = servers.flatMap((server) => [
    `What can be reached${server === null ? '' : ` of server ${printable(server)}`}:`,
    ...inOrder(ranges, gaps, server).flatMap((one) =>
      'firstMissing' in one ? gapText(one, width) : rangeText(one, width),
    ),
  ]);
  const lines = [...windowLines, ...howText(ranges, width)];
  if (points === 0) return lines;
  const text = `${points === 1 ? 'One backup has' : `${points} backups have`} no WAL but ${points === 1 ? 'its' : 'their'} own: ${points === 1 ? 'it reaches its' : 'each reaches its'} own end and nothing after it.`;
  return [...lines, ...(lines.length === 0 ? [] : ['']), ...indented(text, 0, width)];
}

/** How a moment in a window is named to a restore. */
function howText(ranges: readonly RecoveryWindow[], width: number): string[] {
  if (ranges.length === 0) return [];
  const timelines = new Set(ranges.map(({ timeline }) => timeline));
  const which = timelines.size > 1 ? ', with --target-timeline N on a timeline other than the newest' : '';
  const text = `odo start restores to any moment in a window: --target-time TIME or --target-lsn LSN${which}.`;
  return indented(text, 0, width);
}

/** Each gap behind the windows that end before it. */
function inOrder(
  ranges: readonly RecoveryWindow[],
  gaps: readonly WalGap[],
  server: string | null,
): (RecoveryWindow | WalGap)[] {
  const place = (lsn: string | null): string =>
    (lsn ?? '')
      .split('/')
      .map((half) => half.padStart(8, '0'))
      .join('');
  return [
    ...ranges.map((one) => ({ one, at: place(one.from.lsn) })),
    ...gaps.map((one) => ({ one, at: place(one.beginLsn) })),
  ]
    .filter(({ one }) => one.server === server)
    .sort((a, b) => a.one.timeline - b.one.timeline || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ one }) => one);
}

function rangeText({ timeline, from, to, backups }: RecoveryWindow, width: number): string[] {
  const row = (label: string, text: string): string[] =>
    labelled(`    ${label}`, text, { labelWidth, width });
  return [
    `  timeline ${timeline}`,
    ...row(
      'from',
      `${from.lsn}, the end of ${from.backup}${from.finishedAt === null ? '' : `, ${formatTime(from.finishedAt)}`}`,
    ),
    ...(to === null ? [] : row('to', endText(to))),
    ...row('with', ids(backups)),
  ];
}

/** Times of commits are in the WAL itself; when it was archived is the latest they can be. */
const endText = ({ lsn, segment, archivedAt }: WalEnd): string =>
  `${lsn}, the end of ${segment}${archivedAt === null ? '' : `, ${formatTime(archivedAt)} at the latest, when it was archived`}`;

function gapText(gap: WalGap, width: number): string[] {
  const missing =
    gap.segments === 1
      ? `${gap.firstMissing} is missing`
      : `${gap.firstMissing} to ${gap.lastMissing} are missing (${gap.segments} segments)`;
  return indented(
    `gap: ${missing}, ${gap.beginLsn} to ${gap.endLsn}; usable before it: ${ids(gap.usableBefore)}; after it: ${ids(gap.usableAfter)}`,
    2,
    width,
  );
}

/** The newest, which are wanted most. */
function ids(all: readonly string[]): string {
  if (all.length === 0) return 'none';
  const hidden = all.length - shownIds;
  return hidden <= 0 ? all.join(', ') : `${hidden} older ones, ${all.slice(-shownIds).join(', ')}`;
}
