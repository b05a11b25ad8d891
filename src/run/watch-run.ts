import { setTimeout as delay } from 'node:timers/promises';
import { type CheckpointSummary, listCheckpoints, listEventsAfter } from '../journal/history.ts';
import { type JournalDatabase, openJournalForReading } from '../journal/open.ts';
import { findRun } from '../journal/runs.ts';
import { listSamples } from '../journal/samples.ts';
import { completedOutput, lastCheckpoint } from '../journal/steps.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import { isWorkedOn } from './executor-identity.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { KeptReplay, RunOutcome, RunSurroundings } from './run-api.ts';
import type { Phase, RunEvent } from './run-events.ts';
import { outcomeOf } from './run-outcome.ts';
import type { KeptSample } from './sample-keeper.ts';
import { unknownRun } from './status.ts';

const lookEveryMs = 500;

/** Tells a run from its journal as the odo does that works on it; see RunApi. */
export async function watchRun(
  journalFile: string,
  runId: string,
  { onEvent, signal }: Pick<RunSurroundings, 'onEvent' | 'signal'>,
): Promise<RunOutcome> {
  const database = openJournalForReading(journalFile);
  if (database === null) throw unknownRun(null, runId, journalFile);
  try {
    const watched = new WatchedRun(database, runId, onEvent);
    for (;;) {
      // Before its events: those of one that is not worked on are all there.
      const run = findRun(database, runId);
      if (run === null) throw unknownRun(database, runId);
      const goesOn = isWorkedOn(run);
      watched.tellNews();
      if (!goesOn) {
        if (run.status === 'running') watched.tellInterruption();
        return outcomeOf(run, run.status === 'running' ? 'interrupted' : run.status, run.error);
      }
      await delay(lookEveryMs, undefined, { signal });
    }
  } finally {
    database.close();
  }
}

/** A phase at work. */
interface Watched {
  readonly meter: ProgressMeter;
  progressMs: number;
  checkpointMs: number;
}

/** What of one run was told so far. */
class WatchedRun {
  readonly #database: JournalDatabase;
  readonly #runId: string;
  readonly #tell: (event: RunEvent) => void;
  readonly #active = new Map<Phase, Watched>();
  #toldNumber = 0;
  #isInterrupted = false;

  constructor(database: JournalDatabase, runId: string, tell: (event: RunEvent) => void) {
    this.#database = database;
    this.#runId = runId;
    this.#tell = tell;
  }

  tellNews(): void {
    this.#tellEvents();
    if (this.#active.size === 0) return;
    const checkpoints = listCheckpoints(this.#database, this.#runId);
    for (const [phase, watched] of this.#active) {
      this.#tellProgress(phase, watched);
      this.#tellCheckpoint(phase, watched, checkpoints);
    }
  }

  /** Of a process that was killed, which could not say so. */
  tellInterruption(): void {
    if (this.#isInterrupted) return;
    const [phase = null] = this.#active.keys();
    this.#tell({ at: new Date().toISOString(), runId: this.#runId, type: 'interrupted', phase });
  }

  #tellEvents(): void {
    const all = listEventsAfter(this.#database, this.#runId, this.#toldNumber);
    const events = all.map(({ event }) => event as RunEvent);
    // What earlier processes told is history.
    const begin = Math.max(
      0,
      events.findLastIndex(({ type }) => type === 'run'),
    );
    for (const event of events.slice(begin)) {
      this.#note(event);
      this.#tell(event);
      if (event.type === 'phase' && event.phase === 'plan' && event.state === 'completed')
        this.#tellPlan(event.at);
    }
    this.#toldNumber = all.at(-1)?.number ?? this.#toldNumber;
  }

  #note(event: RunEvent): void {
    this.#isInterrupted = event.type === 'interrupted';
    if (event.type === 'run') this.#active.clear();
    if (event.type !== 'phase') return;
    this.#active.delete(event.phase);
    if (event.state !== 'started') return;
    const beginMs = Date.parse(event.at) - 1;
    this.#active.set(event.phase, { meter: new ProgressMeter(), progressMs: beginMs, checkpointMs: beginMs });
  }

  /** It is in the journal as what its step came to. */
  #tellPlan(at: string): void {
    const plan = completedOutput(this.#database, this.#runId, 'plan', '') as RestorePlan | null;
    if (plan !== null) this.#tell({ at, runId: this.#runId, type: 'plan', plan });
  }

  #tellProgress(phase: Phase, watched: Watched): void {
    const replay = lastCheckpoint(this.#database, this.#runId, phase, '') as KeptReplay | null;
    if (replay !== null) {
      if (Date.parse(replay.at) <= watched.progressMs) return;
      watched.progressMs = Date.parse(replay.at);
      const progress = { unit: 'wal-bytes', item: null, ...replay } as const;
      return this.#tell({ ...progress, runId: this.#runId, type: 'progress', phase });
    }
    let last: RunEvent | null = null;
    for (const { phase: of, atMs, data } of listSamples(this.#database, this.#runId, watched.progressMs)) {
      const { unit, done, total, item = null } = data as KeptSample;
      if (of !== phase || unit === 'wal-bytes') continue;
      watched.progressMs = atMs;
      const measured = watched.meter.measure(atMs, done, total);
      const at = new Date(atMs).toISOString();
      last = { at, runId: this.#runId, type: 'progress', phase, unit, done, total, item, ...measured };
    }
    if (last !== null) this.#tell(last);
  }

  #tellCheckpoint(phase: Phase, watched: Watched, all: readonly CheckpointSummary[]): void {
    const own = all.filter(
      // Of a step itself it is only a position to show.
      ({ name, instance, savedAtMs }) =>
        name === phase && instance !== '' && savedAtMs > watched.checkpointMs,
    );
    const last = own.toSorted((a, b) => a.savedAtMs - b.savedAtMs).at(-1);
    if (last === undefined) return;
    watched.checkpointMs = last.savedAtMs;
    const at = new Date(last.savedAtMs).toISOString();
    const { instance: item, progress: bytes } = last;
    this.#tell({ at, runId: this.#runId, type: 'checkpoint', phase, item, bytes });
  }
}
