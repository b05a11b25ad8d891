import { phaseRows } from '../phase-rows.ts';
import type { RunReport } from '../run-report.ts';
import { plural } from '../text.ts';
import { html, type Markup } from './markup.ts';
import { phasesChart } from './phases-chart.ts';
import { scrollingTable } from './tables.ts';
import type { DrawnSpan, TimeScale } from './time-scale.ts';

/** The chart, and the same as numbers. */
export function phasesSection(report: RunReport, spans: readonly DrawnSpan[], scale: TimeScale): Markup {
  const table = scrollingTable(
    'Every attempt of every phase',
    [
      { title: 'Phase' },
      { title: 'Attempt', numeric: true },
      { title: 'Outcome' },
      { title: 'Began' },
      { title: 'Took', numeric: true },
      { title: 'Data', numeric: true },
      { title: 'Rate', numeric: true },
    ],
    phaseRows(report.phases).map((row) => [
      row.title,
      row.attempt,
      row.outcome,
      row.startedAt,
      row.took,
      row.bytes,
      row.rate,
    ]),
  );
  return html`${phasesChart(spans, scale)}
<details><summary>${plural(report.phases.length, 'attempt')} as a table</summary>${table}</details>`;
}
