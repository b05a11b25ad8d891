import type { RunReport, Sample } from '../run-report.ts';
import type { DrawnSpan, TimeScale } from './time-scale.ts';

/** The samples of one phase, those of each attempt apart: a new attempt may count from an earlier place. */
export interface Series {
  readonly phase: string;
  readonly title: string;
  readonly attempts: readonly (readonly Moment[])[];
}

export interface Moment {
  readonly ms: number;
  readonly done: number;
  readonly sample: Sample;
}

/** In the order in which the phases began; phases with less than two samples have nothing to draw. */
export function seriesOf(report: RunReport, unit: Sample['unit'], spans: readonly DrawnSpan[]): Series[] {
  const samples = report.samples.filter((sample) => sample.unit === unit);
  const phases = [...new Set(samples.map((sample) => sample.phase))];
  return phases
    .map((phase) => {
      const attempts = spans.filter(({ span }) => span.phase === phase);
      const moments = samples
        .filter((sample) => sample.phase === phase)
        .map((sample) => ({ ms: Date.parse(sample.at), done: sample.done, sample }))
        .sort((a, b) => a.ms - b.ms);
      return {
        phase,
        title: attempts[0]?.span.title ?? phase,
        attempts: split(moments, attempts.map(({ beginMs }) => beginMs).slice(1)),
      };
    })
    .filter((series) => series.attempts.some((moments) => moments.length > 1));
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
