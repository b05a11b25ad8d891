import { type AttemptHistory, listAttemptHistory } from '../../journal/attempts.ts';
import { listCheckpoints, listEvents } from '../../journal/history.ts';
import type { JournalDatabase } from '../../journal/open.ts';
import { findRun, type RunRecord } from '../../journal/runs.ts';
import { listSamples } from '../../journal/samples.ts';
import { completedOutput } from '../../journal/steps.ts';
import { withStoredDataPlane } from '../../steps/data-plane-options.ts';
import type { RestorePlan } from '../../steps/restore-plan.ts';
import { type RestoreRequest, storedRequest } from '../../steps/restore-request.ts';
import type { StepFacts } from '../../steps/step.ts';
import { isWorkedOn } from '../executor-identity.ts';
import type { RunEvent } from '../run-events.ts';
import type { KeptSample } from '../sample-keeper.ts';

/** What the journal knows about one run, as far as a report is made of it. */
export interface RunFacts {
  readonly run: RunRecord;
  readonly request: RestoreRequest;
  readonly isDrill: boolean;
  readonly plan: RestorePlan | null;
  /** A living odo works on it. */
  readonly isWorkedOn: boolean;
  readonly attempts: readonly AttemptHistory[];
  readonly events: readonly RunEvent[];
  readonly samples: readonly TimedSample[];
  readonly checkpointsMs: readonly number[];
  /** Output of a completed step; null when it has none. */
  outputOf(step: string): StepFacts | null;
  outputOfPart(step: string, part: string): unknown;
  /** Outputs of the completed parts of a step, in the order of their beginnings. */
  partsOf(step: string): readonly unknown[];
}

type TimedSample = KeptSample & { readonly phase: string; readonly atMs: number };

/** Null: there is no such run. */
export function gatherRunFacts(database: JournalDatabase, runId: string): RunFacts | null {
  const run = findRun(database, runId);
  if (run === null) return null;
  const request = storedRequest(run.request);
  const attempts = listAttemptHistory(database, runId);
  const completed = (name: string, instance: string): unknown =>
    completedOutput(database, runId, name, instance);
  const plan = completed('plan', '') as RestorePlan | null;
  return {
    run,
    request,
    isDrill: request.drill != null,
    plan: plan === null ? null : withStoredDataPlane(plan),
    isWorkedOn: isWorkedOn(run),
    attempts,
    events: listEvents(database, runId) as RunEvent[],
    samples: listSamples(database, runId).map(({ phase, atMs, data }) => ({
      ...(data as KeptSample),
      phase,
      atMs,
    })),
    checkpointsMs: listCheckpoints(database, runId).map(({ savedAtMs }) => savedAtMs),
    outputOf: (step) => completed(step, '') as StepFacts | null,
    outputOfPart: completed,
    partsOf: (step) =>
      attempts
        .filter(({ name, instance, number }) => name === step && instance !== '' && number === 1)
        .map(({ instance }) => completed(step, instance))
        .filter((output) => output !== null),
  };
}
