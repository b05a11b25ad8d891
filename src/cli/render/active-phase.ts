import { phaseNames, phaseNameWidth } from '../../run/phase-names.ts';
import type { Phase, RunEvent } from '../../run/run-events.ts';
import { fittedProgress } from './event-text.ts';
import type { LiveLine } from './live-region.ts';
import { paint } from './paint.ts';
import { cut, widthOf } from './text.ts';
import { formatDuration } from './units.ts';

/** A phase at work, with what was last heard of it. */
export interface ActivePhase {
  readonly startedMs: number;
  progress: Extract<RunEvent, { type: 'progress' }> | null;
  checkpointMs: number | null;
}

/** How it looks now: how far it is, what it reads and how old its last checkpoint is, or else how long it works. */
export function phaseLines(
  phase: Phase,
  { startedMs, progress, checkpointMs }: ActivePhase,
  nowMs: number,
  width: number,
): LiveLine[] {
  const head = ` ..  ${phaseNames[phase].padEnd(phaseNameWidth)}  `;
  const room = width - widthOf(head);
  const [text = '', ...more] =
    progress === null
      ? [cut(formatDuration(nowMs - startedMs), room)]
      : fittedProgress(progress, room, {
          checkpointMs: checkpointMs === null ? null : nowMs - checkpointMs,
          silentMs: nowMs - Date.parse(progress.at),
        });
  return [
    {
      text: cut(head + text, width),
      paint: (line) => paint('cyan', line.slice(0, 4)) + line.slice(4),
    },
    ...more.map((line) => ({ text: cut(' '.repeat(widthOf(head)) + line, width) })),
  ];
}
