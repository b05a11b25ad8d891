import type { RunJournal } from '../journal/run-journal.ts';
import type { StepProgress } from '../steps/step.ts';

/** What is kept of a progress, beside its phase and time. */
export type KeptSample = Pick<StepProgress, 'unit' | 'done' | 'total'> & {
  /** Absent in journals of an older odo. */
  readonly item?: string | null;
  readonly lsn: string | null;
};

const keepEveryMs = 2000;

/**
 * Keeps progress in the journal for reports: a sample every two seconds, and the last one. Where the phase has had so
 * many that the journal thinned them, half as often from then on.
 */
export class SampleKeeper {
  readonly #journal: Pick<RunJournal, 'appendSample'>;
  readonly #phase: string;
  #everyMs = keepEveryMs;
  #keptMs = Number.NEGATIVE_INFINITY;
  #last: { atMs: number; sample: KeptSample } | null = null;

  constructor(journal: Pick<RunJournal, 'appendSample'>, phase: string) {
    this.#journal = journal;
    this.#phase = phase;
  }

  /** @throws what the journal throws: LEASE_LOST, JOURNAL_FAILED, NOT_ENOUGH_SPACE */
  offer(atMs: number, progress: StepProgress): void {
    const { unit, done, total, item } = progress;
    this.#last = {
      atMs,
      sample: { unit, done, total, item, lsn: unit === 'wal-bytes' ? progress.lsn : null },
    };
    if (atMs - this.#keptMs >= this.#everyMs) this.flush();
  }

  /** Keeps the last one that was offered, when it is not kept yet. */
  flush(): void {
    if (this.#last === null) return;
    const { atMs, sample } = this.#last;
    this.#last = null;
    this.#keptMs = atMs;
    if (this.#journal.appendSample(this.#phase, atMs, sample)) this.#everyMs *= 2;
  }
}
