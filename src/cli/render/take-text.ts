import type { BackupDocument } from '../../take/backup-document.ts';
import type { TakeEvent } from '../../take/take-events.ts';
import type { Host } from '../host.ts';
import { writeJsonLine } from './json-lines.ts';
import { printable } from './text.ts';
import { formatAmount, formatDuration, formatPercent, formatTime } from './units.ts';

const progressEveryMs = 10_000;
const jsonProgressEveryMs = 200;

/**
 * Lines that start with the time, on stderr; with `json` every event also as a line on stdout, progress at most five times
 * a second.
 */
export function takeRenderer(host: Host, { json }: { json: boolean }): (event: TakeEvent) => void {
  let jsonMs = 0;
  let plainMs: number | null = null;
  return (event) => {
    const nowMs = Date.parse(event.at);
    const isProgress = event.type === 'progress';
    if (json && (!isProgress || nowMs - jsonMs >= jsonProgressEveryMs)) {
      if (isProgress) jsonMs = nowMs;
      writeJsonLine(host, event);
    }
    if (isProgress) {
      // The first one only starts the clock.
      plainMs ??= nowMs;
      if (nowMs - plainMs < progressEveryMs) return;
      plainMs = nowMs;
    }
    host.stderr.write(`${formatTime(event.at)}  ${printable(eventText(event))}\n`);
  };
}

function eventText(event: TakeEvent): string {
  switch (event.type) {
    case 'begun':
      return `backup ${event.id} of ${event.server} (PostgreSQL ${event.serverVersion}) to ${event.address}`;
    case 'progress': {
      // The databases are not all there is: with WAL and other files it may become more.
      const total = event.total !== null && event.done <= event.total ? event.total : null;
      const percent = formatPercent(event.done, total);
      const amount = formatAmount(event.done, total, 'bytes');
      return `${percent === null ? '' : `${percent}  `}${amount} read, ${formatAmount(event.stored, null, 'bytes')} stored`;
    }
    case 'completed':
      return `completed in ${formatDuration(event.durationMs)}`;
    case 'removed':
      return event.reason === 'retention'
        ? `removed backup ${event.id}, finished ${formatTime(event.finishedAt ?? '')}: no longer kept`
        : `removed what was left of backup ${event.id}, which was never finished`;
    case 'notice':
      return `${event.level === 'warning' ? 'warning: ' : ''}${event.message}`;
  }
}

/** The result, for stdout. */
export function takenText({ id, tarBytes, objects, startLsn, stopLsn }: BackupDocument): string {
  const stored = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sizes = `${formatAmount(tarBytes, null, 'bytes')}, stored as ${formatAmount(stored, null, 'bytes')}`;
  return `Backup ${id} is complete: ${sizes}, WAL from ${startLsn}${stopLsn === null ? '' : ` to ${stopLsn}`}.`;
}
