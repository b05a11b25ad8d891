import { createActor } from 'xstate';
import { isEngineTrouble } from '../docker/engine-error.ts';
import { isAbort, OdoError } from '../errors/odo-error.ts';
import { fromErrorData, toErrorData } from '../errors/serialize.ts';
import { findSnapshot } from '../journal/history.ts';
import type { JournalDatabase } from '../journal/open.ts';
import { RunJournal } from '../journal/run-journal.ts';
import type { MachineEvent } from '../machine/events.ts';
import { machineVersion } from '../machine/version.ts';
import { changedRequest } from '../steps/recovery-change.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import { bindSteps, type RunBinding, readPlan } from './bind-steps.ts';
import { currentEnvironment } from './current-environment.ts';
import { readDurationHistory } from './duration-history.ts';
import { currentExecutor } from './executor-identity.ts';
import { failpoint } from './failpoints.ts';
import { refuseForeignUsers, refuseHandedOver, whatIsGivenUp } from './give-up.ts';
import { endFormerHolder, type HeldLease, holdLease } from './lease.ts';
import { runInBackground } from './limits/background.ts';
import { applyMove, endRecoveryServer, planMove, whatStartsOver } from './move-on.ts';
import { openPorts } from './open-ports.ts';
import { phaseOf } from './phase-of.ts';
import { stepsToForget, whatChanged } from './resume-checks.ts';
import type { AskedMove, RunOutcome, RunSurroundings } from './run-api.ts';
import { RunEnd } from './run-end.ts';
import { type RunEvent, stepOfHeld, type UnstampedEvent } from './run-events.ts';
import { type Snapshot, whereToGoOn } from './where-to-go-on.ts';

/** How far this process takes the run. */
type Until = 'end' | 'plan';

export interface RunOptions {
  /** Of the run when it was looked at to choose these. */
  readonly epoch: number;
  readonly takeOver: boolean;
  readonly redo: readonly string[];
  readonly event: MachineEvent | null;
  /** To another target first. */
  readonly move: AskedMove | null;
  /** Only to start a server that shall answer queries, and does not run any more. */
  readonly revives: boolean;
  /** The run is given up, and what it made removed; `confirmed`: its operator agreed beforehand. */
  readonly abandons: { readonly confirmed: boolean } | null;
}

/** One process working on one run, from taking the lease to releasing it. */
export class RunProcess {
  readonly #database: JournalDatabase;
  readonly #runId: string;
  #request: RestoreRequest;
  readonly #surroundings: RunSurroundings;
  readonly #until: Until;
  readonly #end: RunEnd;
  #journal: RunJournal | null = null;
  #isUnderWay = false;
  #snapshot: Snapshot | null = null;

  constructor(
    database: JournalDatabase,
    runId: string,
    request: RestoreRequest,
    surroundings: RunSurroundings,
    until: Until,
  ) {
    this.#database = database;
    this.#runId = runId;
    this.#request = request;
    this.#surroundings = surroundings;
    this.#until = until;
    this.#end = new RunEnd(database, runId, (event) => this.#emit(event));
  }

  async run(status: 'started' | 'resumed', options: RunOptions): Promise<RunOutcome> {
    const executor = currentExecutor();
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#surroundings.signal]);
    const ended = await endFormerHolder(this.#database, this.#runId, { ...options, nowMs: Date.now });
    const lease: HeldLease = holdLease(this.#database, this.#runId, executor, {
      takeOver: options.takeOver,
      epoch: options.epoch,
      nowMs: Date.now,
      onLost: (error) => {
        this.#surroundings.onLost?.(error);
        stop.abort(error);
      },
    });
    try {
      const journal = new RunJournal(this.#database, this.#runId, lease.epoch, executor, Date.now);
      this.#journal = journal;
      this.#end.writeTo(journal);
      if (ended !== null) {
        const message = `Run ${this.#runId} was taken from process ${ended}, which was ended.`;
        this.#emit({ type: 'notice', level: 'warning', message });
      }
      const ports = openPorts({
        runId: this.#runId,
        request: this.#request,
        credentials: this.#surroundings.credentials,
        primaryPassword: this.#surroundings.primaryPassword ?? null,
        journalFile: this.#surroundings.journalFile,
        planFile: this.#surroundings.planFile ?? null,
      });
      try {
        const binding: RunBinding = {
          runId: this.#runId,
          journal,
          ports,
          emit: (event) => this.#emit(event),
          // The operator's, also when the journal of this process is one in memory.
          history: () =>
            readDurationHistory(this.#surroundings.journalFile, (message) =>
              this.#emit({ type: 'notice', level: 'info', message }),
            ),
          inFlight: new Set(),
        };
        const redo = options.revives ? await this.#whatIsToRevive(binding) : options.redo;
        if (redo === null) return this.#end.outcome('held', null);
        const forgotten = options.revives ? redo : stepsToForget(redo, journal);
        const kind = this.#end.record().kind;
        this.#emit({
          type: 'run',
          status: options.abandons === null ? status : 'abandoning',
          kind,
          environment: currentEnvironment(),
        });
        if (options.abandons !== null) return await this.#abandon(binding, options.abandons, signal);
        if (options.move !== null && !(await this.#move(binding, options.move, signal))) {
          this.#emit({ type: 'declined' });
          return this.#end.outcome('declined', null);
        }
        journal.setStatus('running', null);
        this.#isUnderWay = true;
        using _background = await this.#yieldToOthers();
        if (status === 'resumed') {
          const plan = this.plan();
          if (plan !== null && forgotten.includes('prepareTarget')) await endRecoveryServer(binding, plan);
          for (const step of forgotten) {
            // What was proved of a drill's database stays proved when its server is started again.
            if (options.revives) journal.forgetStepWithoutParts(step);
            else journal.forgetStep(step);
          }
          const changed = await whatChanged(binding, signal);
          if (changed !== null) return this.#end.failed(toErrorData(changed), this.#phase());
        }
        return await this.#drive(binding, { event: options.event, replay: redo.length > 0 }, signal);
      } finally {
        await this.#close(ports);
      }
    } catch (error) {
      if (isAbort(error) || this.#surroundings.signal.aborted) return this.#end.interrupted(this.#phase());
      const failed = this.#endWith(error);
      if (failed === null) throw error;
      return failed;
    } finally {
      lease.release();
    }
  }

  /** How the run ended says more than that an engine which is away cannot be told to remove a helper. */
  async #close(ports: { close(): Promise<void> }): Promise<void> {
    try {
      await ports.close();
    } catch (error) {
      if (!isEngineTrouble(error)) throw error;
      const message = `A helper container may be left, which the next odo on this run removes: ${toErrorData(error).message}`;
      this.#emit({ type: 'notice', level: 'warning', message });
    }
  }

  /** The step that starts the server of a run again that is held with one; null: it runs. */
  async #whatIsToRevive({ ports, runId }: RunBinding): Promise<readonly string[] | null> {
    const plan = this.plan();
    if (plan === null) return null;
    const isDrill = plan.drill != null;
    const launcher = await ports.launcher(plan.launcher, await ports.target(plan.target));
    if (await launcher.isRunning()) return null;
    this.#emit({
      type: 'notice',
      level: 'info',
      message: `The server of run ${runId}, which was ${isDrill ? 'left up' : 'paused at its target'}, does not run any more; it is started again.`,
    });
    return [stepOfHeld[isDrill ? 'kept' : 'at-target']];
  }

  /** Gives the run up: nothing is left of it in the end. Killed meanwhile, it can only be given up again. */
  async #abandon(
    binding: RunBinding,
    { confirmed }: { readonly confirmed: boolean },
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const { journal } = binding;
    const plan = this.plan();
    const touches = plan !== null && findSnapshot(this.#database, this.#runId) !== null;
    const run = this.#end.record();
    if (touches && run.kind === 'restore' && run.abandonedAtMs === null) {
      refuseHandedOver(journal);
      await refuseForeignUsers(binding, plan, signal);
      const what = whatIsGivenUp(plan, journal);
      if (!confirmed && !(await this.#surroundings.agree(what, 'leave it as it is'))) {
        this.#emit({ type: 'declined' });
        return this.#end.outcome('declined', null);
      }
      signal.throwIfAborted();
    }
    journal.abandon();
    this.#isUnderWay = true;
    // Before its operator agreed to the plan it made nothing.
    if (!touches) return this.#end.abandoned();
    return await this.#drive(binding, { event: { type: 'ABANDON' }, replay: false }, signal);
  }

  /** Gives the run its new target; false when the operator does not agree to what that takes. */
  async #move(binding: RunBinding, asked: AskedMove, signal: AbortSignal): Promise<boolean> {
    const plan = this.plan();
    const agreed = findSnapshot(this.#database, this.#runId) !== null;
    if (plan === null || !agreed) {
      // Nothing was touched: it is planned from the beginning.
      const { backup } = this.#request;
      this.#request = changedRequest(this.#request, asked.change, backup);
      binding.journal.setRequest(this.#request);
      return true;
    }
    const changed = await whatChanged(binding, signal);
    if (changed !== null) throw changed;
    const move = await planMove(binding, { request: this.#request, plan, change: asked.change }, signal);
    if (move.startsOver !== null && !asked.confirmed) {
      const what = whatStartsOver(move.plan, move.startsOver);
      if (!(await this.#surroundings.agree(what, 'choose a later target'))) return false;
    }
    signal.throwIfAborted();
    await applyMove(binding, move);
    this.#request = move.request;
    return true;
  }

  /** Null where it was not asked for; a plan reads too little to matter. */
  async #yieldToOthers(): Promise<Disposable | null> {
    if (!this.#request.background || this.#until === 'plan') return null;
    return runInBackground((message) => this.#emit({ type: 'notice', level: 'warning', message }));
  }

  lastContext(): Snapshot['context'] {
    if (this.#snapshot === null) throw new OdoError('BUG', 'The machine never started.');
    return this.#snapshot.context;
  }

  plan(): RestorePlan | null {
    return this.#journal === null ? null : readPlan(this.#journal);
  }

  async #drive(
    binding: RunBinding,
    options: { event: MachineEvent | null; replay: boolean },
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    const machine = bindSteps(binding);
    const run = { runId: this.#runId, request: this.#request };
    const stood = whereToGoOn(this.#database, { ...run, plan: this.plan() }, options);
    const actor = createActor(machine, {
      input: run,
      ...(stood.snapshot === null ? {} : { snapshot: stood.snapshot }),
    });
    const ended = Promise.withResolvers<RunOutcome>();
    let saving = true;
    let asked = false;
    // A failed run that is about to be resumed, or a held one that is about to be promoted, is not at its end.
    let unsent: MachineEvent | null = stood.event;

    actor.subscribe({
      next: (current) => {
        this.#snapshot = current;
        if (!saving) return;
        try {
          this.#save(binding, actor.getPersistedSnapshot(), current);
          if (current.matches({ preparing: 'confirm' })) {
            if (asked) return;
            asked = true;
            this.#confirm(current, signal)
              .then((answer) => {
                asked = false;
                if (answer === 'stop') ended.resolve(this.#end.outcome('declined', null));
                else this.#send(actor, answer);
              })
              .catch(ended.reject);
            return;
          }
          const outcome = unsent === null ? this.#end.of(current, this.#phase()) : null;
          if (outcome !== null) ended.resolve(outcome);
        } catch (error) {
          // xstate would carry on, or throw where nobody catches; a run whose journal is gone must not go on. A step that
          // failed before is why.
          const { failure } = current.context;
          ended.reject(failure === null || unsent !== null ? error : fromErrorData(failure));
        }
      },
      error: (error) => ended.reject(error),
    });
    const onAbort = () => ended.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      actor.start();
      if (unsent !== null) {
        const next = unsent;
        unsent = null;
        this.#send(actor, next);
      }
      return await ended.promise;
    } catch (error) {
      if (signal.reason instanceof OdoError) throw signal.reason;
      throw error;
    } finally {
      saving = false;
      signal.removeEventListener('abort', onAbort);
      actor.stop();
      await Promise.all(binding.inFlight);
    }
  }

  #send(actor: { getSnapshot(): Snapshot; send(event: MachineEvent): void }, event: MachineEvent): void {
    if (!actor.getSnapshot().can(event)) {
      throw new OdoError(
        'BUG',
        `The run cannot take ${event.type} in ${JSON.stringify(actor.getSnapshot().value)}.`,
      );
    }
    actor.send(event);
  }

  #save(binding: RunBinding, persisted: unknown, current: Snapshot): void {
    // Before AGREE nothing was touched: an interrupted run begins anew, so there is nothing worth keeping.
    if (!current.context.agreed) return;
    failpoint('snapshot:before');
    binding.journal.saveSnapshot(machineVersion, persisted);
    failpoint('snapshot:after');
  }

  async #confirm(current: Snapshot, signal: AbortSignal): Promise<MachineEvent | 'stop'> {
    if (this.#until === 'plan') return 'stop';
    const { request, planned } = current.context;
    if (request.confirmed || planned?.removes === null || planned === null) return { type: 'AGREE' };
    const plan = this.plan();
    if (plan === null) throw new OdoError('BUG', 'There is nothing to confirm.');
    const answer = await this.#surroundings.confirm(plan);
    signal.throwIfAborted();
    if (answer.answer === 'go') return { type: 'AGREE' };
    if (answer.answer === 'decline') return { type: 'DECLINE' };
    if (request.signedPlan != null) {
      throw new OdoError('USAGE', 'A plan that was agreed to is executed as it is, without another target.', {
        hint: `Make a plan for the new volume: odo plan -V ${answer.name} … --out FILE`,
      });
    }
    const changed: RestoreRequest = {
      ...request,
      target: { kind: 'new-volume', name: answer.name, present: null },
    };
    this.#journal?.setRequest(changed);
    return { type: 'CHANGE', request: changed };
  }

  #phase() {
    return this.#snapshot === null ? null : phaseOf(this.#snapshot.value);
  }

  /**
   * An error outside the machine: the question could not be asked, the journal failed, a bug. Null when it is all there
   * is to tell: nothing was touched, or another odo has the run.
   */
  #endWith(error: unknown): RunOutcome | null {
    if (!this.#isUnderWay) return null;
    const data = toErrorData(error);
    const agreed = this.#snapshot?.context.agreed === true;
    try {
      if (agreed && data.code !== 'LEASE_LOST') return this.#end.stopped(data, this.#phase());
      this.#end.write(agreed ? 'failed' : 'refused', data);
    } catch {
      // The lease is lost or the journal is gone, which is what `error` says already.
    }
    return null;
  }

  #emit(event: UnstampedEvent): void {
    const stamped = { at: new Date().toISOString(), runId: this.#runId, ...event } as RunEvent;
    if (event.type !== 'progress' && event.type !== 'checkpoint' && event.type !== 'plan') {
      try {
        this.#journal?.appendEvent(stamped);
      } catch (error) {
        // The history is for people; a lost lease or full disk shows itself at the next step record.
        if (event.type === 'phase' && event.state === 'completed') throw error;
      }
    }
    this.#surroundings.onEvent(stamped);
  }
}
