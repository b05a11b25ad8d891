import { phaseColumns, phaseRows } from '../phase-rows.ts';
import type { RunReport } from '../run-report.ts';
import { plural } from '../text.ts';
import { html, type Markup } from './markup.ts';
import { phasesChart } from './phases-chart.ts';
import { scrollingTable } from './tables.ts';
import type { DrawnSpan, TimeScale } from './time-scale.ts';

/** The chart, and the same as numbers. */
export function phasesSection(report: RunReport, spans: readonly DrawnSpan[], scale: TimeScale): Markup {
  const table = scrollingTable('Every attempt of every phase', phaseColumns, phaseRows(report.phases));
  return html`${phasesChart(spans, scale)}
<details><summary>${plural(report.phases.length, 'attempt')} as a table</summary>${table}</details>`;
}
