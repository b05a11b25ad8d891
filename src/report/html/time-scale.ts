import type { PhaseSpan, RunReport } from '../run-report.ts';

/** Where a moment of a run lies in a chart: 0 at its left edge, 1 at its right one. */
export interface TimeScale {
  at(ms: number): number;
  /** Milliseconds of work before that moment; pauses do not count. */
  worked(ms: number): number;
  readonly workedMs: number;
  readonly pauses: readonly Pause[];
  readonly ticks: readonly { readonly at: number; readonly workedMs: number }[];
}

/** Time in which no odo worked on the run: drawn narrow, however long it took. */
export interface Pause {
  readonly beginMs: number;
  readonly endMs: number;
}

/** A span with both ends, for drawing. */
export interface DrawnSpan {
  readonly span: PhaseSpan;
  readonly beginMs: number;
  readonly endMs: number;
}

/**
 * Spans as far as they are known to have been worked on. Of an attempt that was killed the journal knows only that the
 * next one began: its last sample ends it.
 */
export function drawnSpans(report: RunReport): DrawnSpan[] {
  const lastKnownMs = Math.max(
    ...[report.startedAt, report.endedAt, ...report.phases.flatMap((span) => [span.startedAt, span.endedAt])]
      .concat(report.samples.map((sample) => sample.at))
      .filter((time) => time !== null)
      .map((time) => Date.parse(time)),
  );
  return report.phases.map((span) => {
    const beginMs = Date.parse(span.startedAt);
    if (span.endedAt !== null) return { span, beginMs, endMs: Math.max(beginMs, Date.parse(span.endedAt)) };
    if (span.outcome === 'running') return { span, beginMs, endMs: Math.max(beginMs, lastKnownMs) };
    const nextMs = Math.min(
      ...report.phases
        .filter((other) => other.phase === span.phase && other.attempt > span.attempt)
        .map((other) => Date.parse(other.startedAt)),
    );
    const seenMs = report.samples
      .filter((sample) => sample.phase === span.phase)
      .map((sample) => Date.parse(sample.at))
      .filter((ms) => ms >= beginMs && ms < nextMs);
    return { span, beginMs, endMs: Math.max(beginMs, ...seenMs) };
  });
}

/** Null when nothing was worked on that could be drawn. */
export function timeScale(spans: readonly DrawnSpan[]): TimeScale | null {
  const first = Math.min(...spans.map((span) => span.beginMs));
  const last = Math.max(...spans.map((span) => span.endMs));
  if (spans.length === 0 || last <= first) return null;
  const pauses = pausesOf(spans, last - first);
  const pausedMs = pauses.reduce((sum, pause) => sum + pause.endMs - pause.beginMs, 0);
  const workedMs = last - first - pausedMs;
  const pauseWidth = pauses.length === 0 ? 0 : Math.min(0.03, 0.2 / pauses.length);
  const workWidth = 1 - pauseWidth * pauses.length;

  const worked = (ms: number): number => {
    const bounded = Math.min(last, Math.max(first, ms));
    const before = pauses.map((pause) => Math.max(0, Math.min(bounded, pause.endMs) - pause.beginMs));
    return bounded - first - before.reduce((sum, paused) => sum + paused, 0);
  };
  const at = (ms: number): number => {
    const passed = pauses.map((pause) =>
      Math.min(1, Math.max(0, (ms - pause.beginMs) / (pause.endMs - pause.beginMs))),
    );
    return (
      (workedMs === 0 ? 0 : (worked(ms) / workedMs) * workWidth) +
      passed.reduce((sum, share) => sum + share * pauseWidth, 0)
    );
  };
  /** The moment after so much work. */
  const momentOf = (work: number): number => {
    let ms = first + work;
    for (const pause of pauses) if (pause.beginMs < ms) ms += pause.endMs - pause.beginMs;
    return ms;
  };
  const step = tickStep(workedMs);
  const ticks = Array.from({ length: Math.floor(workedMs / step) + 1 }, (_, index) => ({
    at: at(momentOf(index * step)),
    workedMs: index * step,
  }));
  return { at, worked, workedMs, pauses, ticks };
}

/** Holes that matter: a moment between two phases is none. */
function pausesOf(spans: readonly DrawnSpan[], wholeMs: number): Pause[] {
  const pauses: Pause[] = [];
  let coveredMs = Number.POSITIVE_INFINITY;
  for (const { beginMs, endMs } of spans.toSorted((a, b) => a.beginMs - b.beginMs)) {
    if (beginMs - coveredMs >= Math.max(2000, wholeMs * 0.02))
      pauses.push({ beginMs: coveredMs, endMs: beginMs });
    coveredMs = Number.isFinite(coveredMs) ? Math.max(coveredMs, endMs) : endMs;
  }
  return pauses;
}

const steps = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  86_400,
];

/** Of the round durations the one that makes at most six marks: more do not fit on a phone. */
function tickStep(workedMs: number): number {
  const fits = steps.find((seconds) => workedMs / (seconds * 1000) <= 5);
  return fits === undefined ? Math.ceil(workedMs / 5 / 86_400_000) * 86_400_000 : fits * 1000;
}
