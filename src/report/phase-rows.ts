import { formatTook, tookMs } from './facts.ts';
import type { PhaseSpan } from './run-report.ts';
import { formatTime } from './text.ts';
import { formatBytes } from './units.ts';
import { attemptWords } from './words.ts';

/** Columns of the tables of phases, and the cells of each attempt below them; an empty one is not known. */
export const phaseColumns = [
  { title: 'Phase' },
  { title: 'Attempt', numeric: true },
  { title: 'Outcome' },
  { title: 'Began' },
  { title: 'Took', numeric: true },
  { title: 'Data', numeric: true },
  { title: 'Rate', numeric: true },
] as const;

export function phaseRows(phases: readonly PhaseSpan[]): string[][] {
  return phases.map((span) => {
    const took = tookMs(span);
    const { bytes } = span;
    return [
      span.title,
      String(span.attempt),
      attemptWords[span.outcome],
      formatTime(span.startedAt),
      took === null ? '' : formatTook(took),
      bytes === null ? '' : formatBytes(bytes),
      // A rate of less than a second is noise.
      bytes === null || took === null || took < 1000 ? '' : `${formatBytes((bytes / took) * 1000)}/s`,
    ];
  });
}
