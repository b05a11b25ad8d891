import { type AttemptHistory, listAttemptHistory } from '../../journal/attempts.ts';
import { listCheckpoints, listEvents } from '../../journal/history.ts';
import type { JournalDatabase } from '../../journal/open.ts';
import { listSamples } from '../../journal/samples.ts';
import type { PhaseSpan } from '../../report/run-report.ts';
import { phaseNames } from '../phase-names.ts';
import { type Phase, phases, type RunEvent } from '../run-events.ts';
import type { RunFacts } from './run-facts.ts';

/** One attempt of a phase on the clock. */
export interface WorkedSpan {
  readonly phase: Phase;
  readonly attempt: number;
  /** Spans of one process have the same, those of the next a greater one, whatever the clock says. */
  readonly epoch: number;
  readonly startMs: number;
  /** Null: it goes on. */
  readonly endMs: number | null;
  readonly outcome: PhaseSpan['outcome'];
}

type Moments = Pick<RunFacts, 'attempts' | 'events' | 'checkpointsMs' | 'isWorkedOn'> & {
  readonly samples: readonly { readonly atMs: number }[];
};

/** Of a run that ended. What tells when a process was killed is read only where one was. */
export function workOf(
  database: JournalDatabase,
  runId: string,
): { attempts: readonly AttemptHistory[]; spans: readonly WorkedSpan[] } {
  const attempts = listAttemptHistory(database, runId);
  const wasKilled = attempts.some(({ endedAtMs }) => endedAtMs === null);
  const spans = workedSpans({
    attempts,
    isWorkedOn: false,
    events: wasKilled ? (listEvents(database, runId) as RunEvent[]) : [],
    samples: wasKilled ? listSamples(database, runId) : [],
    checkpointsMs: wasKilled ? listCheckpoints(database, runId).map(({ savedAtMs }) => savedAtMs) : [],
  });
  return { attempts, spans };
}

/** Every attempt of every phase, in the order of their beginnings. */
export function workedSpans(facts: Moments): WorkedSpan[] {
  return facts.attempts
    .filter(({ name, instance }) => instance === '' && (phases as readonly string[]).includes(name))
    .map((attempt) => {
      const endMs = attempt.endedAtMs ?? (goesOn(facts, attempt) ? null : lastKnownMs(facts, attempt));
      return {
        phase: attempt.name as Phase,
        attempt: attempt.number,
        epoch: attempt.epoch,
        startMs: attempt.startedAtMs,
        endMs,
        outcome: attempt.outcome ?? (endMs === null ? 'running' : 'interrupted'),
      };
    });
}

/** By a process that lives; whoever comes behind it writes under another epoch. */
const goesOn = ({ attempts, isWorkedOn }: Moments, { epoch }: AttemptHistory): boolean =>
  isWorkedOn && attempts.every((other) => other.epoch <= epoch);

/** Nobody wrote down when a process was killed: not before the last thing that is known of it. */
function lastKnownMs({ attempts, events, samples, checkpointsMs }: Moments, killed: AttemptHistory): number {
  const { startedAtMs, epoch } = killed;
  const nextMs = Math.min(
    // A clock that was put back says nothing of when the killed one ended (by less than the run had lasted, too little).
    ...attempts
      .filter((other) => other.epoch > epoch && other.startedAtMs > startedAtMs)
      .map((other) => other.startedAtMs),
    ...events.flatMap((event) => {
      const atMs = Date.parse(event.at);
      return event.type === 'run' && atMs > startedAtMs ? [atMs] : [];
    }),
  );
  const known = [
    ...attempts
      .filter((other) => other.epoch === epoch)
      .flatMap((other) => [other.startedAtMs, other.endedAtMs ?? 0]),
    ...events.map((event) => Date.parse(event.at)),
    ...samples.map(({ atMs }) => atMs),
    ...checkpointsMs,
  ].filter((atMs) => atMs >= startedAtMs && atMs < nextMs);
  return known.reduce((latest, atMs) => Math.max(latest, atMs), startedAtMs);
}

/**
 * How long at least one of the spans was worked on, up to a moment: what went on side by side counts once, and what lay
 * between a kill and a resume, or in front of a person who was asked, not at all.
 */
export function workedMs(spans: readonly Worked[], untilMs: number): number {
  // Each process by itself: a clock that was put back lets one seem to work beside the one before it.
  const processes = Map.groupBy(spans, ({ epoch }) => epoch).values();
  return processes.reduce((sum, own) => sum + workedByOne(own, untilMs), 0);
}

type Worked = Pick<WorkedSpan, 'epoch' | 'startMs' | 'endMs'>;

function workedByOne(spans: readonly Worked[], untilMs: number): number {
  const sorted = spans
    .map(({ startMs, endMs }) => ({ startMs, endMs: Math.min(endMs ?? untilMs, untilMs) }))
    .filter(({ startMs, endMs }) => endMs > startMs)
    .sort((one, other) => one.startMs - other.startMs);
  let sum = 0;
  let reachedMs = Number.NEGATIVE_INFINITY;
  for (const { startMs, endMs } of sorted) {
    sum += Math.max(0, endMs - Math.max(startMs, reachedMs));
    reachedMs = Math.max(reachedMs, endMs);
  }
  return sum;
}

const iso = (ms: number): string => new Date(ms).toISOString();

export function phaseSpans(facts: RunFacts, spans: readonly WorkedSpan[]): PhaseSpan[] {
  return spans.map((span) => ({
    phase: span.phase,
    title: phaseNames[span.phase],
    attempt: span.attempt,
    startedAt: iso(span.startMs),
    endedAt: span.endMs === null ? null : iso(span.endMs),
    outcome: span.outcome,
    bytes: bytesOf(facts, span),
  }));
}

/** Bytes of one attempt: of the only one what the step says, of several what its samples show. */
function bytesOf(facts: RunFacts, { phase, attempt, outcome, startMs, endMs }: WorkedSpan): number | null {
  if (phase === 'restoreBase' || phase === 'restoreWal') {
    const output = outcome === 'completed' && attempt === 1 ? facts.outputOf(phase) : null;
    const bytes = output?.[phase === 'restoreBase' ? 'storedBytes' : 'bytes'];
    if (typeof bytes === 'number') return bytes;
  }
  const own = facts.samples.filter(
    (sample) =>
      sample.phase === phase &&
      sample.unit !== 'segments' &&
      sample.atMs >= startMs &&
      sample.atMs <= (endMs ?? Number.POSITIVE_INFINITY),
  );
  const [first, last] = [own[0], own.at(-1)];
  if (first === undefined || last === undefined) return null;
  // A replay counts from where its server began, a download from where the run began.
  return last.unit === 'wal-bytes' || attempt === 1 ? last.done : last.done - first.done;
}
