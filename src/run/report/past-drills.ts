import type { JournalDatabase } from '../../journal/open.ts';
import { type DrilledSource, listPastDrills } from '../../journal/past-drills.ts';
import type { Regression, TrendPoint, Verdict } from '../../report/run-report.ts';
import { formatDuration } from '../../report/units.ts';
import type { Phase } from '../run-events.ts';
import { type MeasuredRun, measureRun, phaseMs } from './measured-run.ts';
import { type WorkedSpan, workOf } from './phase-spans.ts';
import type { RunFacts } from './run-facts.ts';

/** Points before the run's own. */
const mostInTrend = 29;
const mostCompared = 10;
/** The median of fewer says nothing. */
export const leastCompared = 3;
/** Starting a server takes as much longer on a bad day; a regression is more than that. */
const noiseMs = 10_000;

const iso = (ms: number): string => new Date(ms).toISOString();

function sourceOf({ request }: RunFacts): DrilledSource {
  return { url: request.source.url, server: request.server, database: request.drill?.database ?? null };
}

/** Earlier drills of the source, oldest first, and this one; empty for a restore. */
export function trendOf(
  database: JournalDatabase,
  facts: RunFacts,
  own: MeasuredRun,
  verdict: Verdict,
): TrendPoint[] {
  if (!facts.isDrill) return [];
  const { id, startedAtMs } = facts.run;
  const options = { beforeMs: startedAtMs, verdict: null, limit: mostInTrend };
  const earlier = listPastDrills(database, sourceOf(facts), options).map((drill): TrendPoint => {
    const { rtoMs, rpoMs } = measureRun(database, drill, workOf(database, drill.runId));
    const { runId, verdict: of } = drill;
    return { runId, startedAt: iso(drill.startedAtMs), verdict: of, rtoMs, rpoMs };
  });
  const { rtoMs, rpoMs } = own;
  return [...earlier.reverse(), { runId: id, startedAt: iso(startedAtMs), verdict, rtoMs, rpoMs }];
}

/** One thing that is compared with how it used to be. */
interface Compared {
  readonly measure: string;
  readonly title: string;
  readonly ms: (of: Drilled) => number | null;
  /** What its duration grows with; null: nothing. */
  readonly bytes: ((of: Drilled) => number | null) | null;
}

interface Drilled {
  readonly measured: MeasuredRun;
  readonly spans: readonly WorkedSpan[];
}

const inPhases =
  (...phases: Phase[]) =>
  ({ spans }: Drilled): number =>
    phaseMs(spans, phases);

const compared: readonly Compared[] = [
  { measure: 'rto', title: 'Until the database answered', ms: ({ measured }) => measured.rtoMs, bytes: null },
  {
    measure: 'restoreBase',
    title: 'Restoring the base backup',
    ms: inPhases('restoreBase'),
    bytes: ({ measured }) => measured.storedBytes,
  },
  {
    measure: 'replay',
    title: 'Replaying the WAL',
    ms: inPhases('recover', 'reachTarget', 'promote'),
    bytes: ({ measured }) => measured.walBytes,
  },
];

export interface Comparison {
  /** Earlier drills that it was compared with; too few say nothing. */
  readonly drills: number;
  readonly regressions: readonly Regression[];
}

/** What took longer than the median of the last drills that passed, by more than the fraction. */
export function compareWithPast(
  database: JournalDatabase,
  facts: RunFacts,
  own: Drilled,
  maxRegression: number,
): Comparison {
  const options = { beforeMs: facts.run.startedAtMs, verdict: 'passed', limit: mostCompared } as const;
  const earlier = listPastDrills(database, sourceOf(facts), options).map((drill): Drilled => {
    const work = workOf(database, drill.runId);
    return { measured: measureRun(database, drill, work), spans: work.spans };
  });
  return {
    drills: earlier.length,
    regressions: compared.flatMap((one) => {
      const nowMs = one.ms(own);
      const usualMs = usual(one, own, earlier);
      if (nowMs === null || usualMs === null) return [];
      if (nowMs <= usualMs * (1 + maxRegression) || nowMs - usualMs < noiseMs) return [];
      const message = `${one.title} took ${formatDuration(nowMs)}, and ${formatDuration(usualMs)} is usual${one.bytes === null ? '' : ' for as many bytes'} (median of ${earlier.length} drills).`;
      return [{ measure: one.measure, message, nowMs: Math.round(nowMs), usualMs: Math.round(usualMs) }];
    }),
  };
}

/** For the bytes of this drill; null when too little is known. */
function usual({ ms, bytes }: Compared, own: Drilled, earlier: readonly Drilled[]): number | null {
  const amount = bytes === null ? 1 : bytes(own);
  if (amount === null || amount === 0) return null;
  const paces = earlier.flatMap((drill) => {
    const [took, of] = [ms(drill), bytes === null ? 1 : bytes(drill)];
    return took === null || of === null || of === 0 ? [] : [(took * amount) / of];
  });
  return paces.length < leastCompared ? null : median(paces);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
