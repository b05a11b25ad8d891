import { knownDuration } from '../facts.ts';
import type { RunReport, TrendPoint } from '../run-report.ts';
import { formatTime, plural } from '../text.ts';
import { verdictWords } from '../words.ts';
import { html, type Markup } from './markup.ts';
import { scrollingTable } from './tables.ts';
import { trendChart } from './trend-chart.ts';

/** Null when this is no drill. */
export function trendSection(report: RunReport): Markup | null {
  const { trend, measures, runId } = report;
  if (trend.length === 0) return null;
  const table = scrollingTable(
    'Drills of the same source, oldest first',
    [
      { title: 'Began' },
      { title: 'Verdict' },
      { title: 'RTO', numeric: true },
      { title: 'RPO', numeric: true },
      { title: 'Run' },
    ],
    trend.map((point) => [
      formatTime(point.startedAt),
      verdictWords[point.verdict],
      knownDuration(point.rtoMs),
      knownDuration(point.rpoMs),
      point.runId === runId ? `${point.runId} (this one)` : point.runId,
    ]),
  );
  if (trend.length === 1) return html`<p class="nothing">This is the first drill of this source.</p>`;
  const chart = (
    id: string,
    title: string,
    valueOf: (point: TrendPoint) => number | null,
    limitMs: number | null,
  ) => trendChart({ id, title, points: trend.map((point) => ({ ...point, ms: valueOf(point) })), limitMs });
  return html`<div class="pair">
${chart('trend-rto', 'Recovery time', (point) => point.rtoMs, measures.maxRtoMs)}
${chart('trend-rpo', 'Recovery point', (point) => point.rpoMs, measures.maxRpoMs)}
</div>
<details><summary>${plural(trend.length, 'drill')} as a table</summary>${table}</details>`;
}
