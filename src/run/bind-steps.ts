import { hostname } from 'node:os';
import { fromPromise } from 'xstate';
import { OdoError } from '../errors/odo-error.ts';
import type { RunJournal } from '../journal/run-journal.ts';
import { restoreMachine } from '../machine/restore-machine.ts';
import { withStoredDataPlane } from '../steps/data-plane-options.ts';
import { expectedDuration, type MeasuredPhase } from '../steps/expected-duration.ts';
import type { PreflightFacts } from '../steps/facts.ts';
import { planRestore, summarize } from '../steps/plan-restore.ts';
import { gatherFacts } from '../steps/preflight.ts';
import { steps } from '../steps/registry.ts';
import { requirePlanHolds } from '../steps/require-plan-holds.ts';
import type { PlanSummary, RestorePlan } from '../steps/restore-plan.ts';
import type { RestoreRequest, SignedPlan } from '../steps/restore-request.ts';
import type { PartContext, Step, StepContext, StepFacts, StepPorts } from '../steps/step.ts';
import { againAfterEngineTrouble } from './engine-trouble.ts';
import { failpoint } from './failpoints.ts';
import { runJournaled } from './journaled-step.ts';
import { readSignedPlan } from './plan-file.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { KeptReplay } from './run-api.ts';
import type { Phase, UnstampedEvent } from './run-events.ts';
import { SampleKeeper } from './sample-keeper.ts';

/** What the phases of one run share. */
export interface RunBinding {
  readonly runId: string;
  readonly journal: RunJournal;
  readonly ports: StepPorts;
  readonly emit: (event: UnstampedEvent) => void;
  /** What earlier runs took, newest first. */
  readonly history: () => readonly MeasuredPhase[];
  /** Steps that are running: a stop waits for them. */
  readonly inFlight: Set<Promise<unknown>>;
}

export function readPlan(journal: RunJournal): RestorePlan | null {
  const plan = journal.completedOutput('plan', '') as RestorePlan | null;
  return plan === null ? null : withStoredDataPlane(plan);
}

function requirePlan(journal: RunJournal): RestorePlan {
  const plan = readPlan(journal);
  if (plan === null) throw new OdoError('BUG', `Run ${journal.runId} works without a plan.`);
  return plan;
}

/** Progress reaches renderers at most five times a second. */
const progressEveryMs = 200;

/** Replay has no checkpoints of odo's; where it is is kept for `odo status`, in their place. */
const keepReplayEveryMs = 2000;

export function stepContext(
  binding: RunBinding,
  phase: Phase,
  attempt: number,
  signal: AbortSignal,
  step: { name: string; version: number },
  samples = new SampleKeeper(binding.journal, phase),
): StepContext {
  const { journal, emit, runId } = binding;
  const meter = new ProgressMeter();
  let lastProgressMs = 0;
  let lastKeptMs = 0;
  let plan: RestorePlan | null = null;
  return {
    runId,
    signal,
    attempt,
    ports: binding.ports,
    // Frozen; that of a plain backup names every file, and is not read again for each of them.
    plan: () => {
      plan ??= requirePlan(journal);
      return plan;
    },
    outputOf: (name) => journal.completedOutput(name, '') as StepFacts | null,
    outputOfPart: (name, part) => journal.completedOutput(name, part),
    progress: (progress) => {
      const nowMs = binding.ports.now().getTime();
      samples.offer(nowMs, progress);
      // The last one stays on the screen while what comes after it is silent.
      if (nowMs - lastProgressMs < progressEveryMs && progress.done !== progress.total) return;
      lastProgressMs = nowMs;
      const measured = { ...progress, ...meter.measure(nowMs, progress.done, progress.total) };
      emit({ type: 'progress', phase, ...measured });
      if (
        measured.unit === 'wal-bytes' &&
        (nowMs - lastKeptMs >= keepReplayEveryMs || measured.done === measured.total)
      ) {
        lastKeptMs = nowMs;
        const kept: KeptReplay = { at: new Date(nowMs).toISOString(), ...measured };
        journal.saveCheckpoint(step.name, '', measured.done, kept, null);
      }
    },
    notice: (level, message) => emit({ type: 'notice', level, message }),
    serverLog: (line) => emit({ type: 'server-log', line }),
    recovery: (milestone) => emit({ type: 'recovery', phase, ...milestone }),
    proof: (item) => emit({ type: 'proof', item }),
    part: (instance, input, run) =>
      againAfterEngineTrouble(
        signal,
        (why) =>
          emit({
            type: 'notice',
            level: 'warning',
            message: `${instance} goes on from its last checkpoint: ${why}`,
          }),
        () =>
          runJournaled(
            journal,
            {
              name: step.name,
              instance,
              version: step.version,
              input,
              memorized: true,
              run: () => run(partContext(binding, phase, step.name, instance, signal)),
            },
            signal,
          ),
      ),
    findSeekIndex: (object) => journal.findSeekIndex(object),
    removeSeekIndex: (object) => journal.removeSeekIndex(object),
    resource: (kind, name) => journal.recordResource(kind, name, null),
    resourceRemoved: (kind, name) => journal.resourceRemoved(kind, name),
    failpoint,
  };
}

function partContext(
  { journal, emit }: RunBinding,
  phase: Phase,
  step: string,
  instance: string,
  signal: AbortSignal,
): PartContext {
  return {
    signal,
    lastCheckpoint: journal.lastCheckpoint(step, instance),
    trail: () => journal.listTrail(step, instance),
    saveSeekIndex: (object, index) => journal.saveSeekIndex(step, instance, object, index),
    saveCheckpoint: async (progress, data, trail = null) => {
      failpoint('checkpoint:before');
      journal.saveCheckpoint(step, instance, progress, data, trail);
      emit({ type: 'checkpoint', phase, item: instance, bytes: progress });
      failpoint('checkpoint:after');
    },
  };
}

/** The plan in the file that the run was started with, when all that it promised still holds. */
async function agreedPlan(signed: SignedPlan, made: RestorePlan, context: StepContext): Promise<RestorePlan> {
  const { plan, document } = await readSignedPlan(signed);
  const here = hostname();
  if (document.host !== here)
    context.notice('warning', `The plan was made on ${document.host}, and is executed on ${here}.`);
  await requirePlanHolds(plan, made, context);
  return { ...plan, runId: context.runId };
}

/** The machine with every phase bound to its journalled step. */
export function bindSteps(binding: RunBinding) {
  let facts: PreflightFacts | null = null;

  const track = async <T>(work: () => Promise<T>): Promise<T> => {
    const running = work();
    const settled = running.then(
      () => {},
      () => {},
    );
    binding.inFlight.add(settled);
    try {
      return await running;
    } finally {
      binding.inFlight.delete(settled);
    }
  };

  const runPhase = async <Output>(
    phase: Phase,
    options: {
      signal: AbortSignal;
      version: number;
      input: unknown;
      memorized: boolean;
      facts: (output: Output) => StepFacts;
      run: (context: StepContext) => Promise<Output>;
    },
  ): Promise<Output> => {
    const startedMs = binding.ports.now().getTime();
    let attempt = 0;
    let earlier = false;
    const samples = new SampleKeeper(binding.journal, phase);
    try {
      const output = await againAfterEngineTrouble(
        options.signal,
        (why) =>
          binding.emit({
            type: 'notice',
            level: 'warning',
            message: `This phase (${phase}) is tried again: ${why}`,
          }),
        () =>
          runJournaled<Output>(
            binding.journal,
            {
              name: phase,
              instance: '',
              version: options.version,
              input: options.input,
              memorized: options.memorized,
              onStart: (number) => {
                attempt = number;
                binding.emit({ type: 'phase', phase, state: 'started', attempt });
              },
              onEarlier: () => {
                earlier = true;
              },
              run: async (number) => {
                const step = { name: phase, version: options.version };
                const output = await options.run(
                  stepContext(binding, phase, number, options.signal, step, samples),
                );
                samples.flush();
                return output;
              },
            },
            options.signal,
          ),
      );
      binding.emit({
        type: 'phase',
        phase,
        state: 'completed',
        attempt,
        ...(earlier ? { earlier } : { durationMs: binding.ports.now().getTime() - startedMs }),
        facts: options.facts(output),
      });
      return output;
    } catch (error) {
      if (!options.signal.aborted) binding.emit({ type: 'phase', phase, state: 'failed', attempt });
      throw error;
    }
  };

  const bound = (phase: Phase & keyof typeof steps) =>
    fromPromise<StepFacts, Record<string, never>>(({ signal }) =>
      track(async () => {
        const step: Step = steps[phase];
        // A disproof in one half of the restore aborts the other, which may be writing still.
        if (phase === 'tearDown') await Promise.all(binding.inFlight);
        return runPhase<StepFacts>(phase, {
          signal,
          version: step.version,
          input: { plan: requirePlan(binding.journal).createdAt },
          memorized: true,
          facts: (output) => output,
          run: (context) => step.run(context),
        });
      }),
    );

  return restoreMachine.provide({
    actors: {
      preflight: fromPromise<PreflightFacts, { request: RestoreRequest }>(({ input, signal }) =>
        track(async () => {
          facts = await runPhase<PreflightFacts>('preflight', {
            signal,
            version: 1,
            input: input.request,
            memorized: false,
            facts: (output) => ({ backup: output.contents.backup.id, target: output.target.description }),
            run: (context) => gatherFacts(input.request, context),
          });
          return facts;
        }),
      ),
      plan: fromPromise<PlanSummary, { request: RestoreRequest }>(({ input, signal }) =>
        track(async () => {
          const plan = await runPhase<RestorePlan>('plan', {
            signal,
            version: 1,
            input: input.request,
            memorized: false,
            facts: (output) => ({ backup: output.contents.backup.id }),
            run: async (context) => {
              if (facts === null) throw new OdoError('BUG', 'A plan was asked for before the preflight.');
              const bare = await planRestore(facts, input.request, context);
              const made = { ...bare, expected: expectedDuration(bare, binding.history()) };
              const { signedPlan } = input.request;
              return signedPlan == null ? made : agreedPlan(signedPlan, made, context);
            },
          });
          binding.emit({ type: 'plan', plan });
          return summarize(plan);
        }),
      ),
      stopService: bound('stopService'),
      prepareTarget: bound('prepareTarget'),
      restoreBase: bound('restoreBase'),
      restoreWal: bound('restoreWal'),
      configureRecovery: bound('configureRecovery'),
      layOut: bound('layOut'),
      seal: bound('seal'),
      recover: bound('recover'),
      reachTarget: bound('reachTarget'),
      promote: bound('promote'),
      prove: bound('prove'),
      configureDatabase: bound('configureDatabase'),
      switchOver: bound('switchOver'),
      startService: bound('startService'),
      verify: bound('verify'),
      cleanUp: bound('cleanUp'),
      tearDown: bound('tearDown'),
    },
  });
}
