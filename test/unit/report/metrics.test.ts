import { expect, test } from 'vitest';
import { reportMetrics } from '../../../src/report/metrics.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import { parseExposition, type Series } from '../../support/prometheus-text.ts';
import { passedDrill } from '../../support/sample-report.ts';

const metered = (report: RunReport, lastSuccessAt: string | null = report.endedAt) => ({
  report,
  lastSuccessAt,
});
const valueOf = (series: readonly Series[], name: string, labels: Record<string, string> = {}) =>
  series.find(
    (one) =>
      one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  )?.value;

test('a drill tells whether it passed, when, and what it measured', () => {
  const series = parseExposition(reportMetrics([metered(passedDrill)]));
  expect(valueOf(series, 'odo_drill_success')).toBe(1);
  expect(valueOf(series, 'odo_drill_rto_seconds')).toBe(552);
  expect(valueOf(series, 'odo_drill_rpo_limit_seconds')).toBe(300);
  expect(valueOf(series, 'odo_drill_last_success_timestamp_seconds')).toBe(
    Date.parse('2026-11-22T22:19:09.000Z') / 1000,
  );
  expect(valueOf(series, 'odo_drill_phase_duration_seconds', { phase: 'restoreBase' })).toBeCloseTo(241.6);
  expect(valueOf(series, 'odo_drill_proofs', { outcome: 'failed' })).toBe(0);
  expect(valueOf(series, 'odo_drill_info', { run_id: passedDrill.runId })).toBe(1);
  for (const { labels } of series)
    expect(labels).toMatchObject({ source: 's3://backups/orders/main', database: 'orders' });
});

test('one that was not finished did not pass, and what is not known is left out', () => {
  const unfinished: RunReport = {
    ...passedDrill,
    verdict: 'unfinished',
    endedAt: null,
    measures: { ...passedDrill.measures, rtoMs: null, maxRtoMs: null },
  };
  const series = parseExposition(reportMetrics([metered(unfinished, null)]));
  expect(valueOf(series, 'odo_drill_success')).toBe(0);
  expect(valueOf(series, 'odo_drill_rto_seconds')).toBeUndefined();
  expect(valueOf(series, 'odo_drill_last_success_timestamp_seconds')).toBeUndefined();
});

test('several databases stand in the same families, drills and restores in their own', () => {
  const other = { ...passedDrill, database: 'billing', verdict: 'failed' } as const;
  const restore = { ...passedDrill, kind: 'restore', database: null } as const;
  const series = parseExposition(reportMetrics([passedDrill, other, restore].map((one) => metered(one))));
  expect(valueOf(series, 'odo_drill_success', { database: 'orders' })).toBe(1);
  expect(valueOf(series, 'odo_drill_success', { database: 'billing' })).toBe(0);
  expect(valueOf(series, 'odo_restore_success', { database: '' })).toBe(1);
});

test('whatever a name holds, it stays one line and comes back as it was', () => {
  const database = 'a"b\\c\nd} 1\n# HELP x';
  const series = parseExposition(reportMetrics([metered({ ...passedDrill, database })]));
  expect(series.length).toBeGreaterThan(10);
  for (const { labels } of series) expect(labels.database).toBe(database);
});

test('no run, no metrics', () => {
  expect(reportMetrics([])).toBe('');
});
