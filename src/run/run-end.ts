import { errorKinds } from '../errors/codes.ts';
import { OdoError } from '../errors/odo-error.ts';
import { type ErrorData, toErrorData } from '../errors/serialize.ts';
import type { JournalDatabase } from '../journal/open.ts';
import type { RunJournal } from '../journal/run-journal.ts';
import { findRun, type RunRecord, type RunState, type RunVerdict } from '../journal/runs.ts';
import { readPlan } from './bind-steps.ts';
import { verdictOf } from './drill-verdict.ts';
import { workedMs, workOf } from './report/phase-spans.ts';
import type { RunOutcome } from './run-api.ts';
import { type HeldReason, type Phase, stepOfHeld, type UnstampedEvent } from './run-events.ts';
import { outcomeOf } from './run-outcome.ts';
import type { Snapshot } from './where-to-go-on.ts';

/** How one run ends in this process: what its journal keeps of it, what is told, and what the caller gets. */
export class RunEnd {
  readonly #database: JournalDatabase;
  readonly #runId: string;
  readonly #emit: (event: UnstampedEvent) => void;
  /** Null until the lease is taken: without it nothing is written. */
  #journal: RunJournal | null = null;
  /** As it was when the lease was taken. */
  #begun: RunRecord | null = null;

  constructor(database: JournalDatabase, runId: string, emit: (event: UnstampedEvent) => void) {
    this.#database = database;
    this.#runId = runId;
    this.#emit = emit;
  }

  writeTo(journal: RunJournal): void {
    this.#begun = this.record();
    this.#journal = journal;
  }

  /** Null while the run goes on; `phase`: where it stands. */
  of(current: Snapshot, phase: Phase | null): RunOutcome | null {
    const reasonless = (what: string) =>
      toErrorData(new OdoError('BUG', `The run ${what} without a reason.`));
    const { failure, refusals, disproof } = current.context;
    if (current.matches('completed')) return this.#completed(disproof);
    if (current.matches('declined')) return this.#declined();
    if (current.matches('refused'))
      return this.#refused(failure ?? reasonless('was refused'), refusals.slice(1));
    if (current.matches('failed')) return this.failed(failure ?? reasonless('failed'), phase);
    if (current.matches({ restoring: 'consistent' })) return this.#held('not-promoted');
    if (current.matches({ restoring: 'atTarget' })) return this.#held('at-target');
    if (current.matches({ restoring: 'kept' })) return this.#held('kept');
    return null;
  }

  #completed(disproof: ErrorData | null): RunOutcome {
    const { abandonedAtMs, kind, startedAtMs } = this.record();
    if (abandonedAtMs !== null) return this.abandoned();
    const isPrepared = this.#isPrepared();
    const last = kind === 'drill' ? 'prove' : isPrepared ? 'layOut' : 'verify';
    const facts = this.#journal?.findStep(last, '')?.output ?? {};
    const verdict = this.#judge();
    this.write('completed', disproof);
    // From the run's first start, all attempts and pauses included: what an operator calls "how long it took".
    // Where the clock was put back on the way: not less than the work took.
    const { spans } = workOf(this.#database, this.#runId);
    const durationMs = Math.max(Date.now() - startedAtMs, workedMs(spans, Number.POSITIVE_INFINITY));
    this.#emit({
      type: 'completed',
      durationMs,
      verdict,
      ...(isPrepared ? { prepared: true as const } : {}),
      facts: facts as Record<string, string>,
    });
    return this.outcome('completed', disproof);
  }

  #held(reason: HeldReason): RunOutcome {
    const facts = this.#journal?.findStep(stepOfHeld[reason], '')?.output ?? {};
    const verdict = this.#judge();
    this.write('held', null);
    this.#emit({ type: 'held', reason, verdict, facts: facts as Record<string, string> });
    return this.outcome('held', null);
  }

  #declined(): RunOutcome {
    this.write('declined', null);
    this.#emit({ type: 'declined' });
    return this.outcome('declined', null);
  }

  #refused(error: ErrorData, others: readonly ErrorData[]): RunOutcome {
    // That there is no good backup is what a drill is there to find.
    if (this.#isDrill() && errorKinds[error.code].disproves) this.#journal?.setVerdict('failed');
    this.write('refused', error);
    this.#emit({ type: 'refused', error, others });
    return this.outcome('refused', error);
  }

  abandoned(): RunOutcome {
    this.write('abandoned', null);
    const plan = this.#journal === null ? null : readPlan(this.#journal);
    this.#emit({ type: 'abandoned', target: plan?.targetDescription ?? null });
    return this.outcome('abandoned', null);
  }

  failed(error: ErrorData, phase: Phase | null): RunOutcome {
    this.write('failed', error);
    this.#emit({ type: 'failed', error, phase });
    return this.outcome('failed', error);
  }

  /** Something else than a step has failed: the journal, for one, which then need not keep it. */
  stopped(error: ErrorData, phase: Phase | null): RunOutcome {
    try {
      this.write('failed', error);
    } catch {}
    this.#emit({ type: 'failed', error, phase });
    return this.#unfinished('failed', error);
  }

  interrupted(phase: Phase | null): RunOutcome {
    this.#emit({ type: 'interrupted', phase });
    return this.#unfinished('interrupted', null);
  }

  /** How to go on must be told also when the journal cannot be read: SQLite may refuse to after a write that failed. */
  #unfinished(status: 'failed' | 'interrupted', error: ErrorData | null): RunOutcome {
    try {
      return this.outcome(status, error);
    } catch (unreadable) {
      if (this.#begun === null) throw unreadable;
      return outcomeOf(this.#begun, status, error);
    }
  }

  /** What the caller gets of a run of which there is nothing new to write or to tell. */
  outcome(status: RunOutcome['status'], error: ErrorData | null): RunOutcome {
    return outcomeOf(this.record(), status, error);
  }

  write(status: RunState, error: ErrorData | null): void {
    this.#journal?.setStatus(status, error);
  }

  record(): RunRecord {
    const run = findRun(this.#database, this.#runId);
    if (run === null) throw new OdoError('BUG', `Run ${this.#runId} is not in its journal.`);
    return run;
  }

  /** Another's server shall recover what was laid down. */
  #isPrepared(): boolean {
    return this.#journal !== null && readPlan(this.#journal)?.preparesOnly === true;
  }

  #isDrill(): boolean {
    return this.record().kind === 'drill';
  }

  /** What a drill has come to, for good; null of a restore. */
  #judge(): RunVerdict | null {
    if (!this.#isDrill()) return null;
    const { verdict } = verdictOf(this.#database, this.#runId);
    this.#journal?.setVerdict(verdict);
    return verdict;
  }
}
