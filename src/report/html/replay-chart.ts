import type { RunReport } from '../run-report.ts';
import { formatBytes } from '../units.ts';
import { lineKey } from './chart-key.ts';
import { type Line, lineChart, type Point, roundedTop } from './line-chart.ts';
import { html, type Markup } from './markup.ts';
import { type Moment, replayOf } from './sample-series.ts';
import { timeGrid, timeLabels } from './time-axis.ts';
import type { DrawnSpan, TimeScale } from './time-scale.ts';

/** Null when nothing was replayed long enough to be seen. */
export function replayChart(report: RunReport, spans: readonly DrawnSpan[], scale: TimeScale): Markup | null {
  const attempts = replayOf(report, spans);
  const moments = attempts.flat();
  const total = Math.max(0, ...moments.map((moment) => moment.total ?? 0));
  const done = Math.max(0, ...moments.map((moment) => moment.done));
  if (moments.length === 0) return null;
  const top = roundedTop(Math.max(done, total));
  const [first, last] = [
    moments.find((moment) => moment.lsn !== null),
    moments.findLast((moment) => moment.lsn !== null),
  ];
  const way = first === undefined || last === undefined ? '' : `, from ${first.lsn} to ${last.lsn}`;
  const text = `Replayed: ${formatBytes(done)} of WAL${way}`;
  const wanted = total > 0 ? `the plan held ${formatBytes(total)}` : null;
  return lineChart({
    id: 'replay',
    title: 'Position of replay over time',
    description: `${text}${wanted === null ? '' : `; ${wanted}`}.`,
    lines: [
      ...(wanted === null ? [] : [levelAt(total / top)]),
      {
        style: 'line-1',
        pieces: attempts.map((attempt) => thinned(attempt, scale, top)),
        area: true,
      },
    ],
    marks: [0, 0.5, 1].map((at) => ({ at, text: formatBytes(top * at) })),
    grid: timeGrid(scale),
    foot: html`${timeLabels(scale)}<figcaption>${lineKey('line-1', text)}${wanted === null ? null : lineKey('line-limit', wanted)}</figcaption>`,
  });
}

const levelAt = (y: number): Line => ({
  style: 'line-limit',
  pieces: [
    [
      { x: 0, y },
      { x: 1, y },
    ],
  ],
  area: false,
});

/** At most four hundred corners, the first and the last among them. */
function thinned(moments: readonly Moment[], scale: TimeScale, top: number): Point[] {
  const every = Math.ceil(moments.length / 400);
  return moments
    .filter((_, index) => index % every === 0 || index === moments.length - 1)
    .map((moment) => ({ x: scale.at(moment.ms), y: moment.done / top }));
}
