import { formatTook, tookMs } from './facts.ts';
import type { PhaseSpan } from './run-report.ts';
import { formatTime } from './text.ts';
import { formatBytes } from './units.ts';
import { attemptWords } from './words.ts';

/** One attempt of a phase, as the tables of phases show it; an empty text is not known. */
export interface PhaseRow {
  readonly title: string;
  readonly attempt: string;
  readonly outcome: string;
  readonly startedAt: string;
  readonly took: string;
  readonly bytes: string;
  readonly rate: string;
}

export function phaseRows(phases: readonly PhaseSpan[]): PhaseRow[] {
  return phases.map((span) => {
    const took = tookMs(span);
    const { bytes } = span;
    return {
      title: span.title,
      attempt: String(span.attempt),
      outcome: attemptWords[span.outcome],
      startedAt: formatTime(span.startedAt),
      took: took === null ? '' : formatTook(took),
      bytes: bytes === null ? '' : formatBytes(bytes),
      // A rate of less than a second is noise.
      rate: bytes === null || took === null || took < 1000 ? '' : `${formatBytes((bytes / took) * 1000)}/s`,
    };
  });
}
