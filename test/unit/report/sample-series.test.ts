import { expect, test } from 'vitest';
import { roundedTop } from '../../../src/report/html/line-chart.ts';
import { ratesOf, replayOf, throughputOf } from '../../../src/report/html/sample-series.ts';
import { drawnSpans, timeScale } from '../../../src/report/html/time-scale.ts';
import type { RunReport } from '../../../src/report/run-report.ts';
import {
  interruptedDrill,
  longDrill,
  passedDrill,
  resumedDrill,
  samplesOf,
  span,
} from '../../support/sample-report.ts';

function seriesWithScale(report: RunReport) {
  const spans = drawnSpans(report);
  return { series: throughputOf(report, spans), scale: timeScale(spans)! };
}

test('a steady stream has one rate wherever it ran and none elsewhere', () => {
  const report: RunReport = {
    ...passedDrill,
    phases: [span('restoreBase', 'restore base', 0, 50), span('recover', 'recover', 50, 100)],
    samples: [0, 7, 21, 50].map((seconds) => ({
      ...samplesOf('restoreBase', 'bytes', seconds, seconds + 1, 1)[0]!,
      done: seconds * 1000,
    })),
  };
  const { series, scale } = seriesWithScale(report);
  const rates = ratesOf(series[0]!, scale, 10);
  expect(rates.slice(0, 5).map((rate) => Math.round(rate!))).toEqual([1000, 1000, 1000, 1000, 1000]);
  expect(rates.slice(5)).toEqual([null, null, null, null, null]);
});

test('attempts are drawn apart: what a resume does again is not moved backwards', () => {
  const { series, scale } = seriesWithScale(resumedDrill);
  expect(series.map(({ title, attempts }) => [title, attempts.length])).toEqual([['restore base', 3]]);
  for (const rate of ratesOf(series[0]!, scale, 240)) expect(rate ?? 0).toBeGreaterThanOrEqual(0);
});

test('phases are told apart', () => {
  const { series } = seriesWithScale(passedDrill);
  expect(series.map(({ title }) => title)).toEqual(['restore base', 'restore WAL']);
  expect(seriesWithScale(interruptedDrill).series).toHaveLength(1);
});

test('five hours of samples become as many corners as are drawn', () => {
  const { series, scale } = seriesWithScale(longDrill);
  expect(series[0]!.attempts[0]!.length).toBeGreaterThan(4000);
  expect(ratesOf(series[0]!, scale, 240)).toHaveLength(240);
});

test('the top of an axis is a round number of its unit, not below the highest value', () => {
  expect(roundedTop(0)).toBe(1);
  expect(roundedTop(3)).toBe(4);
  expect(roundedTop(228 * 1024 ** 2)).toBe(300 * 1024 ** 2);
  expect(roundedTop(1020 * 1024 ** 2)).toBe(1024 ** 3);
});

test('what was done before the first sample counts from the beginning of the phase', () => {
  const report: RunReport = {
    ...passedDrill,
    phases: [span('restoreBase', 'restore base', 0, 4), span('recover', 'recover', 4, 10)],
    samples: [{ ...samplesOf('restoreBase', 'bytes', 2, 3, 1)[0]!, done: 2000 }],
  };
  const { series, scale } = seriesWithScale(report);
  expect(ratesOf(series[0]!, scale, 5).map((rate) => rate && Math.round(rate))).toEqual([
    1000,
    null,
    null,
    null,
    null,
  ]);
});

test('replay goes on from recovery to promotion, and starts again with a new attempt', () => {
  const walk = (phase: string, second: number, done: number) => ({
    ...samplesOf(phase, 'wal-bytes', second, second + 1, 1)[0]!,
    done,
  });
  const report: RunReport = {
    ...passedDrill,
    phases: [
      span('recover', 'recover', 0, 5, { outcome: 'failed' }),
      span('recover', 'recover', 6, 10, { attempt: 2 }),
      span('promote', 'promote', 10, 12),
    ],
    samples: [
      walk('recover', 3, 300),
      walk('recover', 7, 100),
      walk('recover', 9, 900),
      walk('promote', 11, 950),
    ],
  };
  expect(replayOf(report, drawnSpans(report)).map((moments) => moments.map(({ done }) => done))).toEqual([
    [0, 300],
    [100, 900, 950],
  ]);
});
