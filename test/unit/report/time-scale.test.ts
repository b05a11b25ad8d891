import { expect, test } from 'vitest';
import { drawnSpans, timeScale } from '../../../src/report/html/time-scale.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import {
  after,
  interruptedDrill,
  longDrill,
  passedDrill,
  refusedDrill,
  resumedDrill,
  span,
} from '../../support/sample-report.ts';

const scaleOf = (report: RunReport) => timeScale(drawnSpans(report))!;
const at = (seconds: number): number => Date.parse(after(seconds));

test('a run without a pause is drawn as it was', () => {
  const scale = scaleOf(passedDrill);
  expect(scale.pauses).toEqual([]);
  expect(scale.at(at(0))).toBe(0);
  expect(scale.at(at(277))).toBeCloseTo(0.5);
  expect(scale.at(at(554))).toBe(1);
});

test('a night in which no odo worked is a narrow stripe and no time of work', () => {
  const scale = scaleOf(resumedDrill);
  expect(scale.pauses).toEqual([{ beginMs: at(150), endMs: at(33_150) }]);
  const [pause] = scale.pauses;
  expect(scale.at(pause!.endMs) - scale.at(pause!.beginMs)).toBeCloseTo(0.03);
  expect(scale.worked(at(33_150))).toBe(scale.worked(pause!.beginMs));
  expect(scale.at(at(33_560))).toBeCloseTo(1);
  expect(scale.workedMs).toBeLessThan(600_000);
});

test('an attempt that was killed ends at its last sample', () => {
  const killed = drawnSpans(resumedDrill).find(({ span }) => span.outcome === 'interrupted')!;
  expect(killed.endMs).toBe(at(150));
  expect(drawnSpans(interruptedDrill).at(-1)!.endMs).toBe(at(150));
});

test('a phase that goes on ends at the last that is known', () => {
  const phases = [span('restoreBase', 'restore base', 0, null, { outcome: 'running' })];
  const samples = [
    { at: after(30), phase: 'restoreBase', unit: 'bytes', done: 1, total: null, lsn: null },
  ] as const;
  expect(drawnSpans({ ...passedDrill, endedAt: null, phases, samples })[0]!.endMs).toBe(at(30));
});

test('nothing is drawn of a run that did nothing', () => {
  expect(timeScale(drawnSpans(refusedDrill))).toBeNull();
  expect(timeScale(drawnSpans({ ...passedDrill, phases: [span('plan', 'plan', 1, 1)] }))).toBeNull();
});

test.each([passedDrill, resumedDrill, longDrill])('has two to six round marks in order', (report) => {
  const { ticks } = scaleOf(report);
  expect(ticks.length).toBeGreaterThanOrEqual(2);
  expect(ticks.length).toBeLessThanOrEqual(6);
  expect(ticks.map((tick) => tick.at)).toEqual(ticks.map((tick) => tick.at).toSorted((a, b) => a - b));
});

test('many pauses leave most of the width to the work', () => {
  const phases = Array.from({ length: 40 }, (_, index) =>
    span('recover', 'recover', index * 1000, index * 1000 + 10, { attempt: index + 1 }),
  );
  const scale = scaleOf({ ...passedDrill, phases, samples: [] });
  expect(scale.pauses).toHaveLength(39);
  const paused = scale.pauses.map(({ beginMs, endMs }) => scale.at(endMs) - scale.at(beginMs));
  expect(paused.reduce((sum, share) => sum + share, 0)).toBeCloseTo(0.2);
});
