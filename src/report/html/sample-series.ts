import type { RunReport, Sample } from '../run-report.ts';
import type { DrawnSpan, TimeScale } from './time-scale.ts';

/** The samples of one phase, those of each attempt apart: a new attempt may count from an earlier place. */
export interface Series {
  readonly title: string;
  readonly attempts: readonly (readonly Moment[])[];
}

export interface Moment {
  readonly ms: number;
  readonly done: number;
  readonly total: number | null;
  readonly lsn: string | null;
}

/** Of each phase that told bytes, in the order in which they began. */
export function throughputOf({ samples }: RunReport, spans: readonly DrawnSpan[]): Series[] {
  const told = samples.filter((sample) => sample.unit === 'bytes');
  return [...new Set(told.map((sample) => sample.phase))]
    .map((phase) => {
      const attempts = spans.filter(({ span }) => span.phase === phase);
      return {
        title: attempts[0]?.span.title ?? phase,
        attempts: attemptsOf(
          told.filter((sample) => sample.phase === phase),
          attempts,
        ),
      };
    })
    .filter(({ attempts }) => attempts.length > 0);
}

/** Of replay, which goes on from one phase to the next: what recovery began, the promotion ends. */
export function replayOf({ samples }: RunReport, spans: readonly DrawnSpan[]): Moment[][] {
  const told = samples.filter((sample) => sample.unit === 'wal-bytes');
  const phases = new Set(told.map((sample) => sample.phase));
  return attemptsOf(
    told,
    spans.filter(({ span }) => phases.has(span.phase)),
  );
}

/** Only those that have a length. A first attempt began with nothing done, before anything was told of it. */
function attemptsOf(samples: readonly Sample[], spans: readonly DrawnSpan[]): Moment[][] {
  const told = samples
    .map(({ at, done, total, lsn }): Moment => ({ ms: Date.parse(at), done, total, lsn }))
    .sort((a, b) => a.ms - b.ms);
  const begins = spans.filter(({ span }) => span.attempt > 1).map(({ beginMs }) => beginMs);
  const firstMs = told[0]?.ms ?? 0;
  const zero = spans.find(({ beginMs, span }) => span.attempt === 1 && beginMs < firstMs);
  const isFirst = begins.every((ms) => ms > firstMs);
  const moments = zero && isFirst ? [{ ms: zero.beginMs, done: 0, total: null, lsn: null }, ...told] : told;
  return split(moments, begins).filter((attempt) => attempt.length > 1);
}

function split(moments: readonly Moment[], begins: readonly number[]): Moment[][] {
  const attempts: Moment[][] = [];
  for (const moment of moments) {
    const current = attempts.at(-1);
    const before = current?.at(-1);
    const begun = begins.some((ms) => before !== undefined && before.ms < ms && ms <= moment.ms);
    if (current === undefined || begun || (before !== undefined && moment.done < before.done))
      attempts.push([moment]);
    else current.push(moment);
  }
  return attempts;
}

/**
 * Bytes per second of work in so many equal stretches of the chart. What was done between two samples is spread evenly
 * over the time between them, so that thinned samples give the same picture with fewer corners.
 */
export function ratesOf(series: Series, scale: TimeScale, stretches: number): (number | null)[] {
  const sums = Array.from({ length: stretches }, () => ({ bytes: 0, ms: 0 }));
  for (const moments of series.attempts) {
    for (const [index, moment] of moments.entries()) {
      const before = moments[index - 1];
      if (before === undefined) continue;
      const [left, right] = [scale.at(before.ms) * stretches, scale.at(moment.ms) * stretches];
      // Both at the same moment, or at an edge of the chart.
      if (right <= left) continue;
      for (let at = Math.floor(left); at < right; at += 1) {
        const sum = sums[at];
        if (sum === undefined) break;
        const share = Math.max(0, Math.min(right, at + 1) - Math.max(left, at)) / (right - left);
        sum.bytes += (moment.done - before.done) * share;
        sum.ms += (moment.ms - before.ms) * share;
      }
    }
  }
  return sums.map(({ bytes, ms }) => (ms === 0 ? null : (bytes / ms) * 1000));
}
