import type { RunReport } from '../run-report.ts';
import { formatBytes } from '../units.ts';
import { lineKey } from './chart-key.ts';
import { type Line, lineChart, type Point, roundedTop } from './line-chart.ts';
import { html, type Markup } from './markup.ts';
import { ratesOf, type Series, throughputOf } from './sample-series.ts';
import { timeGrid, timeLabels } from './time-axis.ts';
import type { DrawnSpan, TimeScale } from './time-scale.ts';

/** A corner for every third pixel of a wide page, also of a run of five hours. */
const stretches = 240;

const rate = (perSecond: number): string => `${formatBytes(Math.round(perSecond))}/s`;

/** Null when no phase said how many bytes it had done. */
export function throughputChart(
  report: RunReport,
  spans: readonly DrawnSpan[],
  scale: TimeScale,
): Markup | null {
  const phases = throughputOf(report, spans);
  if (phases.length === 0) return null;
  const rates = phases.map((series) => ratesOf(series, scale, stretches));
  const top = roundedTop(Math.max(...rates.flat().map((value) => value ?? 0)));
  const lines = rates.map(
    (values, index): Line => ({
      style: styleOf(index),
      pieces: piecesOf(values, top),
      area: index === 0,
    }),
  );
  return lineChart({
    id: 'throughput',
    title: 'Bytes per second over time',
    description: `${phases.map((series, index) => described(series, rates[index] ?? [])).join('; ')}.`,
    lines,
    marks: [0, 0.5, 1].map((at) => ({ at, text: rate(top * at) })),
    grid: timeGrid(scale),
    foot: html`${timeLabels(scale)}<figcaption>${phases.map((series, index) => lineKey(styleOf(index), described(series, rates[index] ?? [])))}</figcaption>`,
  });
}

const styleOf = (index: number): string => `line-${(index % 3) + 1}`;

function described(series: Series, rates: readonly (number | null)[]): string {
  const done = series.attempts.reduce(
    (sum, attempt) => sum + (attempt.at(-1)?.done ?? 0) - (attempt[0]?.done ?? 0),
    0,
  );
  const ms = series.attempts.reduce(
    (sum, attempt) => sum + (attempt.at(-1)?.ms ?? 0) - (attempt[0]?.ms ?? 0),
    0,
  );
  const peak = Math.max(...rates.map((value) => value ?? 0));
  return `${series.title}: ${rate(ms === 0 ? 0 : (done / ms) * 1000)} on average, ${rate(peak)} at most`;
}

function piecesOf(values: readonly (number | null)[], top: number): Point[][] {
  const pieces: Point[][] = [];
  let open = false;
  for (const [index, value] of values.entries()) {
    if (value !== null) {
      const point = { x: (index + 0.5) / stretches, y: value / top };
      if (open) pieces.at(-1)?.push(point);
      else pieces.push([point]);
    }
    open = value !== null;
  }
  // A single point is no line: it gets the width of its stretch.
  return pieces.map((points) => {
    const [only] = points;
    if (points.length > 1 || only === undefined) return points;
    const half = 0.5 / stretches;
    return [
      { x: only.x - half, y: only.y },
      { x: only.x + half, y: only.y },
    ];
  });
}
